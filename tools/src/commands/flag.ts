import { readFile, writeFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { z } from 'zod';
import { withFlagService, type FlagService } from '../flag-service.js';
import * as flags from '../flag-text.js';
import { findUsages } from '../flag-usages.js';
import { Problem, reasonOf } from '../problem.js';
import { openProject } from '../project.js';

export interface Common {
  json?: boolean;
  environment?: string;
  reason?: string;
}
const anything = z.json();

export async function list(options: Common & { stale?: boolean; search?: string }): Promise<void> {
  const { environment, search } = options;
  const query = { environment, search, stale: options.stale ? 'true' : undefined };
  const found = await withFlagService((service) => service.ask(flags.listSchema, 'GET', '/flags', { query }));
  say(options, found, () => flags.listText(found.flags));
}

/** A flag; with a user or a context what they would get, and why. */
export async function get(key: string, options: Common & { user?: string; context?: string }): Promise<void> {
  const { user, context, environment } = options;
  if (user === undefined && context === undefined) {
    const view = await withFlagService((service) => existing(service, key, environment));
    say(options, view, () => flagText(view));
    return;
  }
  const given = context === undefined ? {} : contextOf(context);
  const body = { context: { ...given, ...(user ? { targetingKey: user } : {}), environment } };
  const path = `/ofrep/v1/evaluate/flags/${encodeURIComponent(key)}`;
  const got = await withFlagService((service) => service.ask(flags.evaluationSchema, 'POST', path, { body }));
  say(options, got, () => flags.evaluationText(got));
}

export async function toggle(key: string, options: Common): Promise<void> {
  const { reason: why, environment } = options;
  const view = await withFlagService((service) =>
    service.ask(flags.viewSchema, 'POST', `${pathOf(key)}/toggle`, { why, query: { environment } }),
  );
  say(options, view, () => flags.listText([view]));
}

/** What happened to a flag; or takes one of these changes back. */
export async function history(key: string, options: Common & { undo?: string }): Promise<void> {
  const { undo, environment, reason: why } = options;
  const query = { environment };
  if (undo !== undefined) {
    const body = { id: undo, before: true, ...(why ? { why } : {}) };
    const undone = await withFlagService((service) =>
      service.ask(anything, 'POST', `${pathOf(key)}/restore`, { body, query }),
    );
    say(options, undone, () => `${key} is again what it was before ${undo}.`);
    return;
  }
  const { history: entries } = await withFlagService((service) =>
    service.ask(flags.historySchema, 'GET', `${pathOf(key)}/history`, { query }),
  );
  say(options, entries, () => flags.historyText(entries));
}

/** Where the code asks for flags, and which of them nobody asks for. Returns whether all of them are used. */
export async function usages(keys: string[], options: Common): Promise<boolean> {
  const { root } = await openProject();
  const known =
    keys.length > 0
      ? keys
      : await withFlagService(async (service) =>
          (await service.ask(flags.listSchema, 'GET', '/flags')).flags.map(({ flag }) => flag),
        );
  const found = await findUsages(root, known);
  const unused = known.filter((key) => !found.some(({ flag }) => flag === key));
  say(options, { usages: found, unused }, () =>
    [
      ...found.map(({ flag, file, line, text }) => `${flag}  ${file}:${line}  ${text.slice(0, 100)}`),
      ...unused.map((key) => `${key}  is asked for nowhere in ${root}`),
    ].join('\n'),
  );
  return unused.length === 0;
}

/** All flags as a file that flagd reads. */
export async function exportFile(
  file: string | undefined,
  options: Common & { effective?: boolean },
): Promise<void> {
  const query = { environment: options.environment, effective: options.effective ? 'true' : undefined };
  const all = await withFlagService((service) => service.ask(anything, 'GET', '/export', { query }));
  const json = JSON.stringify(all, null, 2);
  if (file === undefined) console.log(json);
  else await writeFile(file, `${json}\n`);
}

/** Sets all flags of a flagd file, or none. */
export async function importFile(file: string, options: Common): Promise<void> {
  const body = await readJson(file);
  const answerSchema = z.object({ imported: z.number(), revision: z.number() });
  const answer = await withFlagService((service) =>
    service.ask(answerSchema, 'POST', '/import', { body, why: options.reason }),
  );
  say(options, answer, () => `${answer.imported} flags set.`);
}

/** The flag. Throws a Problem when there is none. */
export async function existing(
  service: FlagService,
  key: string,
  environment?: string,
): Promise<flags.FlagView> {
  const view = await service.find(flags.viewSchema, pathOf(key), { query: { environment } });
  if (!view) throw new Problem(`No flag is called ${key}`, 'coalmine flag list');
  return view;
}

export function flagText(view: flags.FlagView): string {
  return `${flags.listText([view])}\n\n${JSON.stringify(flags.definitionOf(view), null, 2)}`;
}

export function pathOf(key: string): string {
  return `/flags/${encodeURIComponent(key)}`;
}

export function say(options: Common, result: unknown, text: () => string): void {
  console.log(options.json ? JSON.stringify(result, null, 2) : text());
}

/** A file's JSON, or what is piped in for `-`. Throws a Problem that names the file. */
export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8'));
  } catch (cause) {
    throw new Problem(`${file} cannot be read as JSON: ${reasonOf(cause)}`, undefined, { cause });
  }
}

function contextOf(text: string): object {
  try {
    return z.record(z.string(), z.json()).parse(JSON.parse(text));
  } catch (cause) {
    throw new Problem('--context is no JSON object', `Such as --context '{"email":"ann@example.com"}'`, {
      cause,
    });
  }
}
