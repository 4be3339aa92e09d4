import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface OpenApi {
  paths: Record<string, Record<string, { responses: Record<string, { $ref?: string; content?: object }> }>>;
}

const file = join(import.meta.dirname, '../../spec/digitalocean-v2.openapi.json.gz');
const text = gunzipSync(readFileSync(file)).toString();
const document = JSON.parse(text) as OpenApi;
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
formats.default(ajv);
ajv.addSchema(allowNull(JSON.parse(text) as Json) as object, 'digitalocean');
const compiled = new Map<string, ValidateFunction>();

/** What DigitalOcean's own OpenAPI document has against an answer; empty when nothing. */
export function violations(method: string, url: string, status: number, body: unknown): string[] {
  const { pathname } = new URL(url);
  const template = templateOf(pathname, method);
  if (!template) return [`${method} ${pathname} is not in the document`];
  const { responses } = document.paths[template]?.[method] ?? { responses: {} };
  const code = String(status) in responses ? String(status) : 'default';
  // "default" describes errors that are in no particular way foreseen; success is always described.
  if (code === 'default' && status < 400) return [`${method} ${template} does not answer ${status}`];
  const answer = responses[code];
  if (status === 204) return body ? [`${method} ${template}: 204 with a body`] : [];
  const place = answer?.$ref ?? `#/paths/${escape(template)}/${method}/responses/${code}`;
  const validate = validatorOf(`digitalocean${place}/content/application~1json/schema`);
  if (validate(body)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message }) => `${method} ${template} ${status}: ${instancePath} ${message ?? ''}`,
  );
}

function templateOf(pathname: string, method: string): string | undefined {
  const given = pathname.split('/');
  return Object.keys(document.paths)
    .filter((template) => document.paths[template]?.[method])
    .sort((a, b) => a.split('{').length - b.split('{').length)
    .find((template) => {
      const wanted = template.split('/');
      return (
        wanted.length === given.length &&
        wanted.every((part, index) => part.startsWith('{') || part === given[index])
      );
    });
}

function validatorOf(reference: string): ValidateFunction {
  const known = compiled.get(reference);
  if (known) return known;
  const validate = ajv.compile({ $ref: reference });
  compiled.set(reference, validate);
  return validate;
}

function escape(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** OpenAPI 3.0 says `nullable`, JSON Schema says it in the type. */
function allowNull(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(allowNull);
  if (schema === null || typeof schema !== 'object') return schema;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, allowNull(value)]),
  );
  return nullable === true ? { anyOf: [{ type: 'null' }, rest] } : { ...rest };
}
