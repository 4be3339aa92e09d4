declare module 'jenkins' {
  import type { EventEmitter } from 'node:events';

  export interface Parameter {
    name: string;
    value: string;
  }
  export interface BuildInfo {
    number: number;
    url: string;
    building: boolean;
    result: 'SUCCESS' | 'UNSTABLE' | 'FAILURE' | 'NOT_BUILT' | 'ABORTED' | null;
    duration: number;
    estimatedDuration: number;
    timestamp: number;
    /** The git plugin adds `lastBuiltRevision` for every repository that it has checked out. */
    actions: { parameters?: Parameter[]; lastBuiltRevision?: { SHA1: string } }[];
  }
  export interface QueueItem {
    id: number;
    why: string | null;
    cancelled?: boolean;
    executable?: { number: number; url: string } | null;
  }
  export default class Jenkins {
    constructor(options: { baseUrl: string; crumbIssuer?: boolean; timeout?: number });
    info(): Promise<unknown>;
    job: {
      exists(name: string): Promise<boolean>;
      create(name: string, xml: string): Promise<void>;
      config(name: string, xml?: string): Promise<string>;
      get(options: { name: string; tree?: string }): Promise<{ builds: BuildInfo[] }>;
      build(options: { name: string; parameters: Record<string, string> }): Promise<number>;
    };
    queue: { item(id: number): Promise<QueueItem> };
    build: {
      get(name: string, number: number): Promise<BuildInfo>;
      logStream(options: { name: string; number: number; delay: number }): EventEmitter & { end(): void };
    };
  }
}
