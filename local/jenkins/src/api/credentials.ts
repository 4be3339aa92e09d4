import { Router, text } from 'express';
import { XMLParser } from 'fast-xml-parser';
import type { Credential } from '../credentials.js';
import { answer, fields, HttpError, type ApiContext } from './context.js';

const parser = new XMLParser({ parseTagValue: false, trimValues: false, htmlEntities: true });
const xmlBody = text({ type: ['application/xml', 'text/xml'], limit: '1mb' });

/** The global credential store: `/credentials/store/system/domain/_/…`. Secrets go in, never out. */
export function credentialRoutes({ credentials }: ApiContext): Router {
  const router = Router();
  const domain = ['/credentials/store/system/domain/_', '/manage/credentials/store/system/domain/_'];
  const at = (path: string): string[] => domain.map((prefix) => prefix + path);

  router.get(at('/api/json'), (request, response) => {
    const entries = credentials.all.map(({ id, description }) => ({
      _class: 'com.cloudbees.plugins.credentials.CredentialsStoreAction$CredentialsWrapper',
      id,
      description,
      displayName: id,
    }));
    answer(request, response, {
      _class: 'com.cloudbees.plugins.credentials.CredentialsStoreAction$DomainWrapper',
      credentials: entries,
      global: true,
      urlName: '_',
    });
  });
  router.post(at('/createCredentials'), xmlBody, (request, response) => {
    const credential = typeof request.body === 'string' ? fromXml(request.body) : fromForm(fields(request));
    if (credentials.get(credential.id))
      throw new HttpError(409, `Credentials ${credential.id} exist already`);
    credentials.put(credential);
    response.status(200).end();
  });
  router.get(at('/credential/:id/api/json'), (request, response) => {
    const found = credentials.get(request.params.id as string);
    if (!found) throw new HttpError(404, 'Not Found');
    answer(request, response, { id: found.id, description: found.description, displayName: found.id });
  });
  router.get(at('/credential/:id/config.xml'), (request, response) => {
    const found = credentials.get(request.params.id as string);
    if (!found) throw new HttpError(404, 'Not Found');
    response.type('application/xml').send(toXml(found));
  });
  router.post(at('/credential/:id/config.xml'), xmlBody, (request, response) => {
    if (!credentials.get(request.params.id as string)) throw new HttpError(404, 'Not Found');
    credentials.put(fromXml(String(request.body)));
    response.status(200).end();
  });
  for (const path of ['/credential/:id/doDelete', '/credential/:id/config.xml']) {
    router[path.endsWith('doDelete') ? 'post' : 'delete'](at(path), (request, response) => {
      if (!credentials.delete(request.params.id as string)) throw new HttpError(404, 'Not Found');
      response.status(200).end();
    });
  }
  return router;
}

/** As Jenkins shows a credential: without what is secret. */
function toXml(credential: Credential): string {
  const { id, description, kind } = credential;
  const { type, secret } = kinds[kind];
  const open = { id, description, ...('username' in credential ? { username: credential.username } : {}) };
  const fields = Object.entries(open).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  return `<${type}><scope>GLOBAL</scope>${fields.join('')}<${secret}><secret-redacted/></${secret}></${type}>`;
}

/** Jenkins' class of each kind, and the field that is never shown. */
const kinds = {
  string: { type: 'org.jenkinsci.plugins.plaincredentials.impl.StringCredentialsImpl', secret: 'secret' },
  usernamePassword: {
    type: 'com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl',
    secret: 'password',
  },
  file: { type: 'org.jenkinsci.plugins.plaincredentials.impl.FileCredentialsImpl', secret: 'secretBytes' },
  sshKey: {
    type: 'com.cloudbees.jenkins.plugins.sshcredentials.impl.BasicSSHUserPrivateKey',
    secret: 'privateKeySource',
  },
} as const;

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function fromXml(xml: string): Credential {
  const [entry] = Object.entries(
    parser.parse(xml.replace(/^\s*<\?xml[^>]*\?>/, '')) as Record<string, Record<string, unknown>>,
  );
  if (!entry) throw new HttpError(400, 'no credential in the body');
  return credentialOf(entry[0], entry[1]);
}

function fromForm(form: Record<string, unknown>): Credential {
  const { credentials: given } = JSON.parse(String(form.json ?? '{}')) as {
    credentials?: Record<string, unknown>;
  };
  if (!given) throw new HttpError(400, 'no credential in the form');
  return credentialOf(String(given.$class ?? given['stapler-class'] ?? ''), given);
}

function credentialOf(type: string, given: Record<string, unknown>): Credential {
  const value = (name: string): string => String(given[name] ?? '');
  const base = { id: value('id').trim(), description: value('description') };
  if (base.id === '') throw new HttpError(400, 'a credential needs an id');
  if (type.endsWith('StringCredentialsImpl')) return { ...base, kind: 'string', secret: value('secret') };
  if (type.endsWith('UsernamePasswordCredentialsImpl')) {
    return { ...base, kind: 'usernamePassword', username: value('username'), password: value('password') };
  }
  if (type.endsWith('FileCredentialsImpl')) {
    return { ...base, kind: 'file', fileName: value('fileName'), content: value('secretBytes').trim() };
  }
  if (type.endsWith('BasicSSHUserPrivateKey')) {
    const source = given.privateKeySource;
    const privateKey = typeof source === 'object' && source !== null ? Reflect.get(source, 'privateKey') : '';
    const key = {
      username: value('username'),
      privateKey: String(privateKey),
      passphrase: value('passphrase'),
    };
    return { ...base, kind: 'sshKey', ...key };
  }
  throw new HttpError(400, `credentials of the type ${type} are not known here`);
}
