import type { Rollout } from '@coalmine/fleet/rollout.js';

type State = Rollout['state'];

/** The states that a person is told of, and what Coalmine did about it. */
const told: Partial<Record<State, { verb: string; done: string; commands: readonly string[] }>> = {
  'rolling-back': {
    verb: 'is taken off the canary',
    done: 'All traffic goes to production, from this second on. Jenkins puts the canary’s droplets back to what ran before.',
    commands: ['coalmine canary status', 'coalmine logs canary-1', 'coalmine events'],
  },
  promoted: {
    verb: 'is in production',
    done: 'Production runs the release; the canary gets no traffic of its own any more.',
    commands: ['coalmine status', 'coalmine rollback --target prod'],
  },
  held: {
    verb: 'waits for you',
    done: 'The canary keeps its share of the traffic; what harms is still taken back.',
    commands: ['coalmine canary status', 'coalmine canary promote', 'coalmine canary abort'],
  },
};

/** What a rollout's turn is worth telling: subject, and body as text and as HTML; null when nobody has to know. Pure. */
export function composeRolloutMail(rollout: Rollout): { subject: string; text: string; html: string } | null {
  const turn = told[rollout.state];
  if (!turn) return null;
  const name = rollout.release?.slice(0, 10) ?? rollout.id;
  const headline = `${name} ${turn.verb}`;
  const rows: [string, string][] = [
    ['Release', rollout.release ?? rollout.id],
    ['Branch', rollout.source?.branch ?? 'unknown'],
    ['On the canary since', `${rollout.since.slice(0, 19).replace('T', ' ')} UTC`],
    ['Step', `${rollout.step + 1} of ${rollout.plan?.steps.length ?? 1}`],
  ];
  const text = [
    `${headline}: ${rollout.reason}.`,
    '',
    ...rows.map(([label, value]) => `${`${label}:`.padEnd(22)}${value}`),
    '',
    turn.done,
    '',
    'What to do:',
    ...turn.commands.map((command) => `  ${command}`),
    '',
  ].join('\n');
  const cells = rows.map(
    ([label, value]) =>
      `<tr><td style="padding-right:16px;color:#868e96">${label}</td><td>${escape(value)}</td></tr>`,
  );
  const html =
    '<!doctype html><html lang="en"><head><meta charset="utf-8"></head>' +
    '<body style="max-width:600px;margin:0 auto;padding:20px;font:15px/1.5 system-ui,sans-serif;color:#212529">' +
    `<h1 style="font-size:18px">${escape(headline)}</h1><p>${escape(rollout.reason)}.</p>` +
    `<table style="font-size:14px">${cells.join('')}</table><p><b>${escape(turn.done)}</b></p>` +
    `<pre style="padding:10px;background:#f1f3f5">${turn.commands.map(escape).join('\n')}</pre></body></html>\n`;
  return { subject: `[coalmine] ${headline}`, text, html };
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
