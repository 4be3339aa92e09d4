import { composeMail, composeWebhook } from '../src/mail/message.js';
import { drawChart, topOf } from '../src/mail/chart.js';
import { recordOf } from './records.js';

const canary = { id: 'canary-1/cpu', kind: 'firing', record: recordOf('canary-1', 'canary') } as const;
const told = {
  pool: 'canary',
  notices: [canary],
  events: ['12:00:04 proxy-1: cut canary'],
  chartMinutes: 5,
} as const;

describe('a mail about an alert', () => {
  it('says what happened, since when, what Coalmine did, and what to do, as text and as HTML', () => {
    const { subject, text, html } = composeMail(told);
    expect(subject).toBe('[coalmine] canary-1: CPU at 93.3 %');
    for (const body of [text, html]) {
      expect(body).toContain('CPU of canary-1 is at 93.3 %, over 45 % for 3 s');
      expect(body).toContain('2026-11-23 12:00:00 UTC');
      expect(body).toContain('production takes all of them');
      expect(body).toContain('proxy-1: cut canary');
      expect(body).toContain('coalmine rollback --target canary');
    }
    expect(html).toContain('src="cid:chart"');
    expect(composeMail({ ...told, chartMinutes: null }).html).not.toContain('cid:chart');
  });

  it('is one for all droplets of a pool', () => {
    const notices = ['prod-1', 'prod-2', 'prod-3', 'prod-4', 'prod-5'].map((host) => {
      return { id: `${host}/cpu`, kind: 'firing' as const, record: recordOf(host, 'prod') };
    });
    const [first, ...others] = notices;
    const mixed = first ? [{ ...first, kind: 'resolved' as const }, ...others] : [];
    expect(composeMail({ ...told, pool: 'prod', notices: mixed }).subject).toBe(
      '[coalmine] prod: 4 alerts, 1 over (prod-1, prod-2, prod-3 and 2 more)',
    );
    expect(composeMail({ ...told, pool: 'prod', notices }).text.match(/^Droplet:/gm)?.length).toBe(5);
  });

  it('cannot be made to carry markup by what others wrote', () => {
    const { html } = composeMail({ ...told, events: ['<img src=x onerror=alert(1)>'] });
    expect(html).not.toContain('<img src=x');
  });

  it('says when it is over, and how long it went on', () => {
    const record = recordOf('prod-1', 'prod', { state: 'resolved', resolvedAt: '2026-11-23T12:07:00.000Z' });
    const { subject, text } = composeMail({ ...told, notices: [{ id: 'x', kind: 'resolved', record }] });
    expect(subject).toBe('[coalmine] prod-1: CPU is fine again');
    expect(text).toContain('Over:       2026-11-23 12:07:00 UTC');
    expect(text).not.toContain('What to do');
  });

  it('is JSON that Slack takes, for a webhook', () => {
    const message = composeWebhook(told) as { text: string; attachments: { title: string; color: string }[] };
    expect(message.text).toBe('[coalmine] canary-1: CPU at 93.3 %');
    expect(message.attachments.map(({ title }) => title)).toEqual(['canary-1: CPU at 93.3 %', 'Since then']);
    expect(message.attachments[0]?.color).toMatch(/^#[0-9a-f]{6}$/);
  });
});

describe('the chart in a mail', () => {
  const points = Array.from({ length: 60 }, (_, second) => ({ at: second * 1000, value: second }));

  it('is a small PNG, twice as wide as it is shown', async () => {
    const png = await drawChart({ points, threshold: 45, highest: 100 });
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1120, 280]);
    expect(png.length).toBeLessThan(40_000);
  });

  it('is as high as its values need when they are no percentages', () => {
    expect(topOf({ points: [{ at: 0, value: 130 }], threshold: 100, highest: null })).toBe(200);
    expect(topOf({ points: [], threshold: 0, highest: null })).toBeGreaterThan(0);
  });

  it('can be drawn of values that are beyond it, and of none', async () => {
    const wild = [-5, 1e9, Number.NaN].map((value, at) => ({ at, value }));
    expect((await drawChart({ points: wild, threshold: 45, highest: 100 })).length).toBeGreaterThan(100);
    expect((await drawChart({ points: [], threshold: 45, highest: 100 })).length).toBeGreaterThan(100);
  });
});
