import { evaluatorsField, flagSchema, type Flag, type FlagFields } from '@coalmine/fleet/flags.js';
import { parseJson } from '@coalmine/fleet/change.js';
import { FeatureFlag, FlagdCore, MemoryStorage } from '@openfeature/flagd-core';
import type { Logger } from '@openfeature/core';
import { defaultDefinition, defaultFlag, type Environment } from './definitions.js';
import { effective } from './effective.js';
import { silent } from './validate.js';

type Storage = NonNullable<ConstructorParameters<typeof FlagdCore>[0]>;

/**
 * All flags of one environment, evaluated by flagd's own engine. A flag is compiled when it is first asked for, and
 * again only when it changed: ten thousand flags cost nothing at the start.
 */
export class FlagSet implements Storage {
  /** Evaluates by type: flagd-core over this set. */
  readonly core: FlagdCore;
  private readonly compiled = new Map<string, FeatureFlag>();
  private fields: FlagFields = new Map();

  constructor(
    readonly environment?: Environment,
    private readonly log: Logger = silent,
  ) {
    this.core = new FlagdCore(this, log);
  }

  /** Takes new definitions over. Returns the keys of the flags that changed, came or went. */
  replace(fields: FlagFields): string[] {
    const before = this.fields;
    this.fields = fields;
    const shared = before.get(evaluatorsField) !== fields.get(evaluatorsField);
    const changed = new Set<string>();
    for (const [field, text] of fields)
      if (before.get(field) !== text || (shared && text.includes('"$ref"'))) changed.add(keyOf(field));
    for (const field of before.keys()) if (!fields.has(field)) changed.add(keyOf(field));
    changed.delete(evaluatorsField);
    for (const key of changed) this.compiled.delete(key);
    return [...changed];
  }

  /** The definition that holds here: the environment's own, or else the one for all. */
  definition(key: string): Flag | null {
    const text =
      (this.environment && this.fields.get(`${key}@${this.environment}`)) ?? this.fields.get(key) ?? null;
    if (text === null) return key === defaultFlag ? defaultDefinition : null;
    return parseJson(text, flagSchema);
  }

  /** The keys of all flags, sorted. */
  keys(): string[] {
    const keys = new Set([defaultFlag]);
    for (const field of this.fields.keys()) if (field !== evaluatorsField) keys.add(keyOf(field));
    return [...keys].sort();
  }

  getFlag(key: string): FeatureFlag | undefined {
    const ready = this.compiled.get(key);
    if (ready) return ready;
    const definition = this.definition(key);
    if (!definition) return undefined;
    try {
      const flag = this.compile(key, effective(definition));
      if (flag) this.compiled.set(key, flag);
      return flag;
    } catch (error) {
      this.log.warn(`flag ${key} cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  }

  getFlags(): Map<string, FeatureFlag> {
    const flags = new Map<string, FeatureFlag>();
    for (const key of this.keys()) {
      const flag = this.getFlag(key);
      if (flag) flags.set(key, flag);
    }
    return flags;
  }

  getFlagSetMetadata(): Record<string, never> {
    return {};
  }

  setConfigurations(): string[] {
    throw new Error('flags come from Redis: use replace');
  }

  /** Only flagd-core's parser knows shared rules; without any, it would just check the schema once more. */
  private compile(key: string, flag: Flag): FeatureFlag | undefined {
    const text = JSON.stringify(flag);
    if (!text.includes('"$ref"')) return new FeatureFlag(key, JSON.parse(text), this.log);
    const storage = new MemoryStorage(this.log);
    const evaluators = this.fields.get(evaluatorsField) ?? '{}';
    storage.setConfigurations(`{"flags":{${JSON.stringify(key)}:${text}},"$evaluators":${evaluators}}`);
    return storage.getFlag(key);
  }
}

function keyOf(field: string): string {
  const at = field.indexOf('@');
  return at > 0 ? field.slice(0, at) : field;
}
