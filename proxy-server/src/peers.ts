import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { clientAddress, type Forwarded } from './headers.js';

/** Whose word on X-Forwarded-* is taken: proxies in front of this one, by address or network. Nobody's by default. */
export class Peers {
  private readonly trusted = new BlockList();
  private readonly some: boolean;

  /** Throws an Error that names the entry that is neither an address nor a network. */
  constructor(entries: readonly string[]) {
    this.some = entries.length > 0;
    for (const entry of entries) {
      const [address = '', bits] = entry.split('/');
      const family = isIP(address);
      if (family === 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits)))
        throw new Error(`TRUSTED_PROXIES: ${entry} is neither an address nor a network such as 10.0.0.0/8`);
      this.trusted.addSubnet(
        address,
        Number(bits ?? (family === 4 ? 32 : 128)),
        family === 4 ? 'ipv4' : 'ipv6',
      );
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
