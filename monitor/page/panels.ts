import type { LoggedEvent } from '@coalmine/fleet/events.js';
import type { View } from '../src/dashboard/view.js';
import { h, render } from './dom.js';
import { clock, commit, lasting, shortened } from './format.js';

export function showAlerts(target: Element, { alerts, orders }: View, now: number): void {
  if (alerts.length === 0)
    return render(target, h('p', { class: 'none' }, h('i', { class: 'ok' }, '✓'), ' Nothing is wrong.'));
  render(
    target,
    h(
      'ul',
      { class: 'alerts' },
      ...alerts.map((alert) =>
        h(
          'li',
          { class: `${alert.state} ${alert.severity}` },
          h(
            'p',
            {},
            h('b', { class: 'tag' }, alert.silenced && alert.state === 'firing' ? 'silenced' : alert.state),
            ` ${alert.host} · ${alert.rule}`,
          ),
          h('p', {}, shortened(alert.reason)),
          h(
            'p',
            { class: 'when' },
            alert.resolvedAt
              ? `over since ${clock(Date.parse(alert.resolvedAt))}`
              : `for ${lasting(now - Date.parse(alert.since))}`,
            orders.token && alert.state !== 'resolved' && !alert.silenced
              ? h(
                  'button',
                  {
                    type: 'button',
                    'data-order': 'silence',
                    'data-host': alert.host,
                    'data-rule': alert.rule,
                  },
                  'Silence',
                )
              : null,
          ),
        ),
      ),
    ),
  );
}

export function showFlags(target: Element, { flags }: View, now: number): void {
  const value = ({
    enabled,
    value: text,
    targeted,
  }: {
    enabled: boolean;
    value: string | null;
    targeted: boolean;
  }): HTMLElement => {
    const shown = enabled ? (text ?? 'default') : 'off';
    const kind = !enabled || text === 'false' ? 'off' : 'on';
    return h(
      'b',
      { class: `switch ${kind}` },
      shown === 'true' ? 'on' : shown === 'false' ? 'off' : shown,
      targeted && enabled ? ' + rules' : '',
    );
  };
  render(
    target,
    h(
      'ul',
      { class: 'flags' },
      ...flags.map((flag) =>
        h(
          'li',
          {},
          h(
            'p',
            {},
            h('code', {}, flag.key),
            h('span', { class: 'spacer' }),
            value(flag),
            flag.canary && h('span', { class: 'canary' }, ' canary ', value(flag.canary)),
          ),
          h(
            'p',
            { class: 'when' },
            flag.changed
              ? `${flag.changed.what} by ${flag.changed.who}, ${lasting(now - Date.parse(flag.changed.at))} ago`
              : 'never changed',
          ),
        ),
      ),
    ),
    flags.length === 0 && h('p', { class: 'none' }, 'There are no flags yet.'),
  );
}

export function showBuilds(target: Element, { builds, orders }: View, now: number): void {
  const word: Record<string, string> = {
    SUCCESS: 'green',
    FAILURE: 'red',
    UNSTABLE: 'unstable',
    ABORTED: 'aborted',
  };
  render(
    target,
    h(
      'ul',
      { class: 'builds' },
      ...builds.map(({ number, url, at, tookMs, result, action, target: where, branch, commit: of }) =>
        h(
          'li',
          { class: result === null ? 'runs' : result === 'SUCCESS' ? 'green' : 'red' },
          h('i', { class: 'ball' }),
          h('a', { href: url, rel: 'noreferrer' }, `#${number}`),
          h(
            'span',
            {},
            `${action || 'build'}${where && where !== 'none' ? ` → ${where}` : ''}`,
            ' ',
            h('code', {}, of ? commit(of) : branch),
          ),
          h(
            'span',
            { class: 'when' },
            result === null
              ? `runs for ${lasting(now - at)}`
              : `${word[result] ?? result.toLowerCase()} in ${lasting(tookMs ?? 0)}`,
          ),
          result !== null && h('span', { class: 'when ago' }, `${lasting(now - at)} ago`),
        ),
      ),
    ),
    builds.length === 0 &&
      h(
        'p',
        { class: 'none' },
        orders.jenkins ? 'No build is known yet.' : 'Jenkins is not configured here.',
      ),
  );
}

export function showEvents(target: Element, events: readonly LoggedEvent[]): void {
  render(
    target,
    h(
      'ol',
      { class: 'events' },
      ...events
        .toReversed()
        .map(({ at, who, what, subject, why }) =>
          h(
            'li',
            { class: what === 'alert' || /rolling back|rolled back|abort|rollback/.test(what) ? 'bad' : '' },
            h('time', { datetime: at, title: new Date(at).toLocaleString() }, clock(Date.parse(at))),
            h(
              'p',
              {},
              h('b', {}, what),
              ' ',
              h('code', {}, shortened(subject)),
              h('span', { class: 'when' }, ` ${who}${why ? ` · ${shortened(why)}` : ''}`),
            ),
          ),
        ),
    ),
    events.length === 0 && h('p', { class: 'none' }, 'Nothing has happened yet.'),
  );
}
