import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { clientAddress, type Forwarded } from './headers.js';

/** Whose word on X-Forwarded-* is taken: proxies in front of this one, by address or network. Nobody's by default. */
export class Peers {
  private readonly trusted = new BlockList();
  private readonly some: boolean;

  constructor(entries: readonly string[]) {
    this.some = entries.length > 0;
    for (const entry of entries) {
      const [address = '', bits] = entry.split('/');
      const isV4 = isIP(address) === 4;
      this.trusted.addSubnet(address, Number(bits ?? (isV4 ? 32 : 128)), isV4 ? 'ipv4' : 'ipv6');
    }
  }

  /** What the server behind is told of the client: ours, appended to what a trusted proxy says. */
  forwarded(request: IncomingMessage): Forwarded {
    const address = clientAddress(request);
    const { headers } = request;
    if (!this.some || !this.isTrusted(address)) return { for: address, proto: 'http', host: headers.host };
    const before = headers['x-forwarded-for'];
    return {
      for: before === undefined ? address : `${String(before)}, ${address}`,
      proto: single(headers['x-forwarded-proto']) ?? 'http',
      host: single(headers['x-forwarded-host']) ?? headers.host,
    };
  }

  private isTrusted(address: string): boolean {
    return this.trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
