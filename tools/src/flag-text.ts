import { z } from 'zod';
import { table } from './table.js';

const difference = z.object({ path: z.string(), from: z.json(), to: z.json() });

export const viewSchema = z.looseObject({
  flag: z.string(),
  value: z.json(),
  etag: z.string(),
  stale: z.boolean(),
  environments: z.array(z.string()),
  state: z.enum(['ENABLED', 'DISABLED']),
  variants: z.record(z.string(), z.json()),
  defaultVariant: z.string().nullish(),
  targeting: z.json().optional(),
  metadata: z.record(z.string(), z.json()).optional(),
});
export type FlagView = z.infer<typeof viewSchema>;

export const listSchema = z.object({ revision: z.number(), flags: z.array(viewSchema) });

export const historySchema = z.object({
  flag: z.string(),
  history: z.array(
    z.object({
      id: z.string(),
      at: z.string(),
      who: z.string(),
      what: z.string(),
      why: z.string().optional(),
      from: z.json(),
      to: z.json(),
      changes: z.array(difference),
    }),
  ),
});
export type History = z.infer<typeof historySchema>['history'];

export const evaluationSchema = z.object({
  key: z.string(),
  value: z.json().optional(),
  reason: z.string(),
  variant: z.string().optional(),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

/** The definition alone, as flagd has it. */
export function definitionOf(view: FlagView): object {
  const { state, variants, defaultVariant, targeting, metadata } = view;
  return { state, variants, defaultVariant, targeting, metadata };
}

/** What can be said of a flag in a few words: killed, targeted, scheduled, stale … */
export function remarks(view: FlagView): string[] {
  const { metadata = {}, targeting } = view;
  return [
    ...(view.state === 'DISABLED' ? ['disabled'] : []),
    ...(metadata.killed === true ? ['killed'] : []),
    ...(view.stale ? ['stale'] : []),
    ...(Object.keys(targeting ?? {}).length > 0 ? ['targeted'] : []),
    ...(metadata.onAt !== undefined || metadata.offAt !== undefined ? ['scheduled'] : []),
    ...view.environments.map((environment) => `differs on ${environment}`),
  ];
}

/** All flags, a line each. */
export function listText(views: readonly FlagView[]): string {
  if (views.length === 0) return 'No flag is like that.';
  const rows = views.map((view) => [
    view.flag,
    short(view.value),
    text(view.metadata?.owner),
    text(view.metadata?.expires).slice(0, 10),
    remarks(view).join(', '),
  ]);
  return table(['FLAG', 'VALUE', 'OWNER', 'EXPIRES', ''], rows);
}

/** What a user would get, and why. */
export function evaluationText({ key, value, reason, variant }: Evaluation): string {
  if (value === undefined) return `${key}: the app’s own default (${reason})`;
  return `${key}: ${JSON.stringify(value)}${variant === undefined ? '' : `, variant ${variant}`} (${reason})`;
}

/** What happened to a flag, the newest first, with what was changed below each. */
export function historyText(history: History): string {
  if (history.length === 0) return 'Nobody has ever changed it.';
  return history
    .map(({ id, at, who, what, why, changes }) =>
      [
        `${at.slice(0, 19).replace('T', ' ')}  ${what}  by ${who}${why ? `: ${why}` : ''}  [${id}]`,
        ...changes.map(({ path, from, to }) => `    ${path || 'all'}: ${short(from)} → ${short(to)}`),
      ].join('\n'),
    )
    .join('\n');
}

function short(value: unknown): string {
  if (value === null) return '–';
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 59)}…` : json;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
