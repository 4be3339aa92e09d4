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
    constructor(options: { baseUrl: string; crumbIssuer?: boolean });
    info(): Promise<{ jobs: { name: string; color: string }[] }>;
    job: {
      exists(name: string): Promise<boolean>;
      create(name: string, xml: string): Promise<void>;
      config(name: string): Promise<string>;
      config(name: string, xml: string): Promise<void>;
      get(name: string): Promise<{ name: string; color: string; lastBuild: { number: number } | null }>;
      copy(name: string, from: string): Promise<void>;
      disable(name: string): Promise<void>;
      enable(name: string): Promise<void>;
      list(): Promise<{ name: string }[]>;
      destroy(name: string): Promise<void>;
      build(options: { name: string; parameters?: Record<string, string> }): Promise<number>;
    };
    queue: {
      list(): Promise<{ id: number; why: string | null }[]>;
      item(id: number): Promise<{ executable?: { number: number }; why: string | null; cancelled?: boolean }>;
      cancel(id: number): Promise<void>;
    };
    credentials: {
      create(folder: string, store: string, domain: string, xml: string): Promise<void>;
      exists(id: string, folder: string, store: string, domain: string): Promise<boolean>;
      config(id: string, folder: string, store: string, domain: string, xml?: string): Promise<string>;
      destroy(id: string, folder: string, store: string, domain: string): Promise<void>;
    };
    build: {
      get(name: string, number: number): Promise<BuildInfo>;
      stop(name: string, number: number): Promise<void>;
      log(name: string, number: number): Promise<string>;
      term(name: string, number: number): Promise<void>;
      logStream(options: { name: string; number: number; type: 'text'; delay: number }): EventEmitter;
    };
  }
}
