/** What can stand in a definition, in a sentence each: flagd's schema, and what Coalmine adds in the metadata. */
const texts: Record<string, string> = {
  '': 'A flag in flagd’s format: state, variants, defaultVariant, targeting, metadata.',
  state: 'ENABLED or DISABLED. Of a disabled flag every app takes its own default.',
  variants: 'The values by name, all of one type: booleans, strings, numbers or objects.',
  defaultVariant: 'The variant of whom the targeting chooses nothing for. null: the app’s own default.',
  targeting:
    'A JsonLogic rule that names a variant, or null for the default one. {} is for everybody the same.',
  metadata: 'What apps and people are told besides: owner, description, expires, onAt, offAt, offVariant.',
  owner: 'Who knows what the flag is for.',
  description: 'What it is for; the search finds it.',
  expires: 'When nobody should need it any more, such as 2027-01-31: then it is listed as stale.',
  onAt: 'Off before that time, such as 2027-01-31T06:00:00Z; every app keeps to it by its own clock.',
  offAt: 'Off from that time on, such as 2027-02-28T18:00:00Z.',
  offVariant: 'The variant that means off, for the kill switch and the schedule, if none is false.',
  killed: 'true: off for everybody at once, whatever the targeting says. The buttons set and remove it.',
  if: '[condition, then, otherwise], or [condition, then, condition, then, …, otherwise]: the first that is true.',
  fractional:
    '[variant, weight] pairs: each user’s key falls into one bucket, and stays there. A leading rule says by what else.',
  sem_ver: '[version, operator, version]: =, !=, <, <=, >, >=, ^ (same major), ~ (same minor).',
  starts_with: '[text, beginning]',
  ends_with: '[text, ending], such as [{"var": "email"}, "@example.com"].',
  var: 'A value of the context by its name: targetingKey (the user), environment, and what the app sends.',
  in: '[value, list or text]: whether the one is in the other.',
  and: 'All of them are true.',
  or: 'One of them is true.',
  '!': 'Not.',
  $ref: 'A rule that flags share, by its name in $evaluators.',
};

/** The help for the innermost name around the cursor that has one. */
export function helpAt(text: string, cursor: number): { name: string; text: string } {
  const open: string[] = [];
  let name = '';
  for (const match of text.slice(0, nameEnd(text, cursor)).matchAll(/"((?:[^"\\]|\\.)*)"(\s*:)?|[{}[\]]/g)) {
    const [token, string, colon] = match;
    if (token === '{' || token === '[') {
      open.push(name);
      name = '';
    } else if (token === '}' || token === ']') {
      open.pop();
      name = '';
    } else if (colon) name = string ?? '';
  }
  const found = [name, ...open.reverse()].find((one) => one !== '' && Object.hasOwn(texts, one)) ?? '';
  return { name: found, text: texts[found] ?? '' };
}

/** A cursor within a name is about that name. */
function nameEnd(text: string, cursor: number): number {
  const rest = /^[^"\n{}[\],:]*"\s*:/.exec(text.slice(cursor));
  return rest ? cursor + rest[0].length : cursor;
}

const email = { var: 'email' };

/** Rules to begin with. */
export const snippets: Record<string, unknown> = {
  'Gradual rollout: 10 % of the users': {
    fractional: [
      ['on', 10],
      ['off', 90],
    ],
  },
  'Some users': { if: [{ in: [{ var: 'targetingKey' }, ['ann', 'bob']] }, 'on', null] },
  'An e-mail domain': { if: [{ ends_with: [email, '@example.com'] }, 'on', null] },
  'From a version on': { if: [{ sem_ver: [{ var: 'version' }, '>=', '2.0.0'] }, 'on', null] },
  'Only on the canary': { if: [{ '===': [{ var: 'environment' }, 'canary'] }, 'on', null] },
  'Staff at once, others gradually': {
    if: [
      { ends_with: [email, '@example.com'] },
      'on',
      {
        fractional: [
          ['on', 25],
          ['off', 75],
        ],
      },
    ],
  },
  'Nobody in particular': {},
};
