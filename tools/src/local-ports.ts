import { Problem } from './problem.js';

/** Ports count from here; another base lets two clouds live on one machine. */
const defaultPortBase = 8080;

/** Where the local servers listen. */
export interface Ports {
  jenkins: number;
  digitalocean: number;
  mail: number;
  smtp: number;
}

/** The ports of a local cloud. Throws a Problem when COALMINE_PORT_BASE is no port. */
export function choosePorts(): Ports {
  const text = process.env.COALMINE_PORT_BASE ?? String(defaultPortBase);
  const base = Number(text);
  if (!Number.isInteger(base) || base < 1024 || base > 65_000) {
    throw new Problem(`COALMINE_PORT_BASE: "${text}" is not a port between 1024 and 65000`);
  }
  return { jenkins: base, digitalocean: base + 1, mail: base + 2, smtp: base + 3 };
}
