import type { AlertRecord } from '@coalmine/fleet/alert-records.js';
import type { Sample } from '@coalmine/fleet/samples.js';
import { Gauge, type Registry } from 'prom-client';

/** What the agent says on `/metrics`. */
export class Gauges {
  private readonly service;
  private readonly droplet;
  private readonly network;
  private readonly up;
  private readonly firing;
  private readonly unsent;
  private readonly spooled;

  constructor(registry: Registry) {
    const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[] = []): Gauge<T> =>
      new Gauge({ name: `coalmine_${name}`, help, labelNames, registers: [registry] });
    this.service = gauge('service_load_percent', 'Load of the service, % of what the droplet has', [
      'metric',
    ]);
    this.droplet = gauge('droplet_load_percent', 'Load of the droplet, % of what it has', ['metric']);
    this.network = gauge('droplet_network_bytes_per_second', 'Traffic of the droplet', ['direction']);
    this.up = gauge('service_up', '1 while the service of the droplet runs');
    this.firing = gauge('alert_firing', '1 while an alert of this droplet fires', ['rule', 'severity']);
    this.unsent = gauge('samples_unsent', 'Samples that Redis has not taken yet');
    this.spooled = gauge('spooled_messages', 'Mails and webhook messages that wait for their receiver');
  }

  show(sample: Sample, records: Iterable<AlertRecord>, unsent: number, spooled: number): void {
    this.up.set(sample.service ? 1 : 0);
    this.service.set({ metric: 'cpu' }, sample.service?.cpu ?? 0);
    this.service.set({ metric: 'memory' }, sample.service?.memory ?? 0);
    for (const metric of ['cpu', 'memory', 'disk', 'load'] as const)
      this.droplet.set({ metric }, sample.droplet[metric]);
    this.network.set({ direction: 'received' }, sample.droplet.receivedPerSecond);
    this.network.set({ direction: 'sent' }, sample.droplet.sentPerSecond);
    for (const { rule, severity, state } of records)
      this.firing.set({ rule, severity }, state === 'firing' ? 1 : 0);
    this.unsent.set(unsent);
    this.spooled.set(spooled);
  }
}
