import type { Logger as ServiceLog } from '@coalmine/fleet/log.js';
import {
  OpenFeatureEventEmitter,
  ServerProviderEvents,
  type EvaluationContext,
  type FlagValue,
  type FlagValueType,
  type JsonValue,
  type Provider,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import type { Redis } from 'ioredis';
import type { Environment } from './definitions.js';
import { FlagSet } from './flag-set.js';
import { FlagSource, type SourceState } from './source.js';
import { silent } from './validate.js';

export interface FlagProviderOptions {
  /** The fleet's Redis; the provider makes connections of its own beside it. */
  redis: Redis;
  log: ServiceLog;
  /** Where the app runs; a flag may differ there, and its targeting can ask for `environment`. */
  environment?: Environment;
  /** Where to keep the last known definitions, so that the app can start while Redis is away. */
  file?: string;
  /** How long the start waits for Redis when nothing is known, in ms; then the callers' defaults hold. */
  startWithinMs?: number;
  /** How often to look whether a notice was lost, in ms. */
  healEveryMs?: number;
}

/**
 * An OpenFeature provider that has all definitions in memory: evaluates without a request, is told of every change,
 * and goes on with the last known ones while Redis is away, slow or emptied.
 */
export class FlagProvider implements Provider {
  readonly metadata = { name: 'coalmine' } as const;
  readonly runsOn = 'server';
  readonly hooks = [];
  readonly events = new OpenFeatureEventEmitter();
  private readonly source: FlagSource;
  private readonly flags: FlagSet;
  private readonly environment: { environment?: string };
  private ready = false;

  constructor(private readonly options: FlagProviderOptions) {
    this.environment = options.environment ? { environment: options.environment } : {};
    this.flags = new FlagSet(options.environment);
    this.source = new FlagSource(options);
    this.flags.replace(this.source.fields);
    this.source.on('change', (fields) => {
      const flagsChanged = this.flags.replace(fields);
      if (this.ready && flagsChanged.length > 0)
        this.events.emit(ServerProviderEvents.ConfigurationChanged, { flagsChanged });
    });
    this.source.on('state', (state) => this.tell(state));
  }

  /** Ready as soon as anything is known, from the disk or from Redis. Throws when nothing is after a moment. */
  async initialize(): Promise<void> {
    const { fresh } = this.source.state;
    const fromDisk = this.source.revision > 0;
    if (!fresh && !fromDisk) await this.firstAnswer(this.options.startWithinMs ?? 1000);
    this.ready = true;
    // The SDK says "ready" first; what is from the disk is stale until Redis has answered.
    if (fromDisk && !this.source.state.fresh) setImmediate(() => this.tell(this.source.state));
  }

  async onClose(): Promise<void> {
    await this.source.close();
  }

  async resolveBooleanEvaluation(
    key: string,
    otherwise: boolean,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    return this.resolve('boolean', key, otherwise, context);
  }

  async resolveStringEvaluation(
    key: string,
    otherwise: string,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<string>> {
    return this.resolve('string', key, otherwise, context);
  }

  async resolveNumberEvaluation(
    key: string,
    otherwise: number,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<number>> {
    return this.resolve('number', key, otherwise, context);
  }

  async resolveObjectEvaluation<T extends JsonValue>(
    key: string,
    otherwise: T,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<T>> {
    return this.resolve('object', key, otherwise, context);
  }

  /** Evaluates at once: no request, no waiting, never an exception. */
  resolve<T extends FlagValue>(
    type: FlagValueType,
    key: string,
    otherwise: T,
    context: EvaluationContext = {},
  ): ResolutionDetails<T> {
    return this.flags.core.resolve(type, key, otherwise, { ...this.environment, ...context }, silent);
  }

  private tell({ fresh, lost }: SourceState): void {
    if (fresh && !lost) {
      this.ready = true;
      this.events.emit(ServerProviderEvents.Ready, { message: 'Redis answers' });
    } else if (this.ready) {
      const message = lost ? 'Redis has lost its flags' : 'Redis is away';
      this.events.emit(ServerProviderEvents.Stale, { message: `${message}; going on with the last known` });
    }
  }

  private firstAnswer(withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const onState = ({ fresh }: SourceState): void => {
        if (!fresh) return;
        clearTimeout(timer);
        this.source.off('state', onState);
        resolve();
      };
      const timer = setTimeout(() => {
        this.source.off('state', onState);
        reject(new Error(`no flags are known and Redis does not answer within ${withinMs} ms`));
      }, withinMs);
      this.source.on('state', onState);
    });
  }
}
