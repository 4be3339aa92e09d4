import type { ParameterValue } from './build.js';
import type { ParameterDefinition } from './job-config.js';

/** The values of a build: only defined parameters, missing ones by default, as Jenkins reads a request. */
export function resolveParameters(
  definitions: readonly ParameterDefinition[],
  given: Readonly<Record<string, unknown>>,
): Record<string, ParameterValue> {
  return Object.fromEntries(
    definitions.map((definition) => [definition.name, value(definition, given[definition.name])]),
  );
}

function value(definition: ParameterDefinition, given: unknown): ParameterValue {
  if (given === undefined) return definition.defaultValue;
  const text = String(Array.isArray(given) ? given.at(-1) : given);
  if (definition.kind === 'boolean') return text === 'true' || text === 'on';
  if (definition.kind === 'choice' && !definition.choices?.includes(text)) {
    throw new Error(`Illegal choice for parameter ${definition.name}: ${text}`);
  }
  return text;
}
