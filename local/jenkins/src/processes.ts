import { readdirSync, readFileSync } from 'node:fs';

/** Kills every process that carries the build's cookie in its environment, wherever it has gone. */
export function killLeftovers(cookie: string): number {
  const marker = `JENKINS_NODE_COOKIE=${cookie}\0`;
  let killed = 0;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      if (!`${readFileSync(`/proc/${pid}/environ`, 'utf8')}\0`.includes(marker)) continue;
      process.kill(pid, 'SIGKILL');
      killed += 1;
    } catch {
      // The process has ended meanwhile, or is not ours to read.
    }
  }
  return killed;
}
