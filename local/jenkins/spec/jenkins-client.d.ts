declare module 'jenkins' {
  import type { EventEmitter } from 'node:events';

  interface BuildInfo {
    number: number;
    result: string | null;
    building: boolean;
    displayName: string;
    actions: { _class?: string; parameters?: { name: string; value: unknown }[] }[];
  }

  export default class Jenkins {
    constructor(options: { baseUrl: string });
    info(): Promise<{ jobs: { name: string; color: string }[] }>;
    job: {
      exists(name: string): Promise<boolean>;
      create(name: string, xml: string): Promise<void>;
      config(name: string): Promise<string>;
      config(name: string, xml: string): Promise<void>;
      get(name: string): Promise<{ name: string; color: string; lastBuild: { number: number } | null }>;
      destroy(name: string): Promise<void>;
      build(options: { name: string; parameters?: Record<string, string> }): Promise<number>;
    };
    queue: { item(id: number): Promise<{ executable?: { number: number }; why: string | null }> };
    build: {
      get(name: string, number: number): Promise<BuildInfo>;
      stop(name: string, number: number): Promise<void>;
      log(name: string, number: number): Promise<string>;
      logStream(options: { name: string; number: number; type: 'text'; delay: number }): EventEmitter;
    };
  }
}
