import { z } from 'zod';
import { withFlagService } from '../flag-service.js';
import { viewSchema } from '../flag-text.js';
import { Problem } from '../problem.js';
import { existing, flagText, pathOf, readJson, say, type Common } from './flag.js';

export interface Settings extends Common {
  variant?: string;
  rollout?: string;
  kill?: boolean;
  revive?: boolean;
  delete?: boolean;
  owner?: string;
  description?: string;
  expires?: string;
  onAt?: string;
  offAt?: string;
}

/** What a flag is that has just been made: boolean, and off for everybody. */
const fresh = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };

/**
 * Sets a flag: to a definition from a file, or to what the options say of it. One that is not there is made, boolean
 * and off. Who changed it meanwhile loses nothing: then this one is refused.
 */
export async function set(key: string, file: string | undefined, options: Settings): Promise<void> {
  const { environment, reason: why } = options;
  const query = { environment };
  const path = pathOf(key);
  const patch = patchOf(options);
  if (file !== undefined && patch !== null)
    throw new Problem('Give a file or options that change one thing, not both');
  const view = await withFlagService(async (service) => {
    const before = await service.find(viewSchema, path, { query });
    const match = before ? { match: before.etag } : {};
    if (options.delete) {
      await service.ask(z.unknown(), 'DELETE', path, { ...match, query, why });
      return null;
    }
    if (file !== undefined)
      await service.ask(viewSchema, 'PUT', path, { body: await readJson(file), ...match, query, why });
    else if (!before) await service.ask(viewSchema, 'PUT', path, { body: fresh, query, why });
    if (patch) await service.ask(viewSchema, 'PATCH', path, { body: patch, ...match, query, why });
    for (const step of stepsOf(options))
      await service.ask(viewSchema, 'POST', `${path}/${step.path}`, { body: step.body, query, why });
    return existing(service, key, environment);
  });
  say(options, view, () => (view ? flagText(view) : `${key} is deleted.`));
}

/** A merge patch of what can be said by options; "" removes. Null when nothing was said. */
export function patchOf(options: Settings): object | null {
  const { variant, owner, description, expires, onAt, offAt } = options;
  const said = { owner, description, expires, onAt, offAt };
  const metadata = Object.fromEntries(
    Object.entries(said).flatMap(([name, value]) => (value === undefined ? [] : [[name, value || null]])),
  );
  const patch = {
    ...(variant === undefined ? {} : { state: 'ENABLED', defaultVariant: variant }),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
  };
  return Object.keys(patch).length > 0 ? patch : null;
}

function stepsOf({ rollout, kill, revive }: Settings): { path: string; body: object }[] {
  if (kill && revive) throw new Problem('--kill and --revive cannot both be');
  const percent = Number(rollout);
  if (rollout !== undefined && !(rollout.trim() !== '' && percent >= 0 && percent <= 100))
    throw new Problem(
      `--rollout: "${rollout}" is not a share of the users`,
      'Give a number from 0 to 100, in %.',
    );
  return [
    ...(rollout === undefined ? [] : [{ path: 'rollout', body: { percent } }]),
    ...(kill ? [{ path: 'kill', body: {} }] : []),
    ...(revive ? [{ path: 'revive', body: {} }] : []),
  ];
}
