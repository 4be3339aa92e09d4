import { setTimeout as sleep } from 'node:timers/promises';
import { modules } from 'dots-wrapper';
import { Problem } from './problem.js';

type Client = ReturnType<ReturnType<typeof modules.common.createApiClient>>;
type ApiDroplet = Awaited<ReturnType<Client['droplet']['getDroplet']>>['data']['droplet'];

export interface Droplet {
  id: number;
  name: string;
  status: string;
  tags: readonly string[];
  /** Public IPv4 address; empty while the droplet is new. */
  address: string;
  privateAddress: string;
  /** Gateway of the public network. */
  gateway: string;
}

export interface NewDroplets {
  names: string[];
  region: string;
  size: string;
  /** The slug of a public image, or the id of a snapshot. */
  image: string | number;
  sshKeys: number[];
  tags: string[];
  userData: string;
}

/** A copy of a droplet's disk, from which others are made. */
export interface Snapshot {
  id: number;
  name: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  regions: readonly string[];
  gigabytes: number;
}

const retries = 6;
const longestWaitMs = 30_000;

/** DigitalOcean as Coalmine uses it: whole lists, retries within the API's limits, errors without the token. */
export class DigitalOcean {
  private readonly client: Client;

  constructor(token: string, endpoint?: string) {
    this.client = modules.common.createApiClient({
      modules,
      createContext: (input) => {
        const context = modules.common.createContext(input);
        type Reject = Parameters<typeof context.httpClient.interceptors.response.use>[1];
        const onError: Reject = async (error: ApiError) => {
          const attempt = (error.config.attempt ?? 0) + 1;
          const waitMs = retryAfterMs(error, attempt);
          if (waitMs === null || attempt > retries) throw toProblem(error);
          await sleep(waitMs);
          return context.httpClient.request({ ...error.config, attempt } as never);
        };
        context.httpClient.interceptors.response.use(undefined, onError);
        return context;
      },
    })({ token, ...(endpoint ? { endpoint } : {}) });
  }

  /** All droplets that carry the tag. */
  async listDroplets(tag: string): Promise<Droplet[]> {
    const droplets: Droplet[] = [];
    for (let page = 1; ; page += 1) {
      const { data } = await this.client.droplet.listDroplets({ tag_name: tag, page, per_page: 200 });
      droplets.push(...data.droplets.map(toDroplet));
      if (!(data.links as { pages?: { next?: string } } | undefined)?.pages?.next) return droplets;
    }
  }

  async getDroplet(id: number): Promise<Droplet> {
    return toDroplet((await this.client.droplet.getDroplet({ droplet_id: id })).data.droplet);
  }

  async createDroplet(name: string, settings: Omit<NewDroplets, 'names'>): Promise<Droplet> {
    const { data } = await this.client.droplet.createDroplet({
      name,
      region: settings.region,
      size: settings.size,
      image: settings.image,
      ssh_keys: settings.sshKeys,
      tags: settings.tags,
      user_data: settings.userData,
    });
    return toDroplet(data.droplet);
  }

  /** Deletes a droplet; one that is gone already is fine. */
  async deleteDroplet(id: number): Promise<void> {
    try {
      await this.client.droplet.deleteDroplet({ droplet_id: id });
    } catch (error) {
      if (!(error instanceof DigitalOceanProblem && error.status === 404)) throw error;
    }
  }

  /** The account's snapshots of droplets. */
  async listSnapshots(): Promise<Snapshot[]> {
    const snapshots: Snapshot[] = [];
    for (let page = 1; ; page += 1) {
      const { data } = await this.client.snapshot.listSnapshots({
        ...{ resource_type: 'droplet', page, per_page: 200 },
      });
      snapshots.push(
        ...data.snapshots.map(({ id, name, created_at, regions, size_gigabytes }) => ({
          ...{ id: Number(id), name, createdAt: created_at, regions, gigabytes: size_gigabytes },
        })),
      );
      if (!(data.links as { pages?: { next?: string } } | undefined)?.pages?.next) return snapshots;
    }
  }

  /** Copies a droplet's disk and waits for it. Throws after the deadline (ms). */
  async snapshotDroplet(id: number, name: string, deadlineMs = 600_000): Promise<void> {
    const { data } = await this.client.droplet.snapshotDroplet({ droplet_id: id, name });
    const deadline = Date.now() + deadlineMs;
    for (let waitMs = 200; ; waitMs = Math.min(waitMs * 1.5, 5000)) {
      const { status } = (await this.client.action.getAction({ action_id: data.action.id })).data.action;
      if (status === 'completed') return;
      if (status === 'errored')
        throw new Problem(`DigitalOcean could not take the snapshot of droplet ${id}`);
      if (Date.now() > deadline)
        throw new Problem(`The snapshot of droplet ${id} is not ready after ${deadlineMs / 1000} s`);
      await sleep(waitMs);
    }
  }

  async deleteSnapshot(id: number): Promise<void> {
    await this.client.snapshot.deleteSnapshot({ snapshot_id: id });
  }

  /** The id of the account's key with this public part, added when it is not there. */
  async ensureSshKey(name: string, publicKey: string): Promise<number> {
    const wanted = publicKey.trim().split(' ').slice(0, 2).join(' ');
    for (let page = 1; ; page += 1) {
      const { data } = await this.client.sshKey.listSshKeys({ page, per_page: 200 });
      const found = data.ssh_keys.find((key) => key.public_key.trim().startsWith(wanted));
      if (found) return found.id;
      if (!(data.links as { pages?: { next?: string } } | undefined)?.pages?.next) break;
    }
    return (await this.client.sshKey.createSshKey({ name, public_key: publicKey.trim() })).data.ssh_key.id;
  }

  /** Waits until the droplet is active and has addresses. Throws after the deadline (ms). */
  async waitUntilActive(id: number, deadlineMs = 180_000): Promise<Droplet> {
    const deadline = Date.now() + deadlineMs;
    for (let waitMs = 200; ; waitMs = Math.min(waitMs * 1.5, 5000)) {
      const droplet = await this.getDroplet(id);
      if (droplet.status === 'active' && droplet.address) return droplet;
      if (Date.now() > deadline) {
        throw new Problem(
          `${droplet.name} (droplet ${id}) is still "${droplet.status}" after ${deadlineMs / 1000} s`,
          'Run the command again: it was removed and will be made anew.',
        );
      }
      await sleep(waitMs);
    }
  }
}

export class DigitalOceanProblem extends Problem {
  constructor(
    message: string,
    readonly status: number | undefined,
    wayOut?: string,
  ) {
    super(message, wayOut);
  }
}

interface ApiError {
  message: string;
  code?: string;
  config: { method?: string; url?: string; baseURL?: string; attempt?: number };
  response?: { status: number; data?: { message?: string }; headers: Record<string, string | undefined> };
}

/**
 * How long to wait before trying again, in ms, or null when trying again is wrong. A POST may have been carried
 * out although its answer was lost, so only 429 (which was not) is repeated for it.
 */
export function retryAfterMs(error: ApiError, attempt: number, now = Date.now()): number | null {
  const status = error.response?.status;
  if (status === 429) {
    const headers = error.response?.headers ?? {};
    const seconds = Number(headers['retry-after'] ?? Number(headers['ratelimit-reset'] ?? 0) - now / 1000);
    return Math.min(Math.max(seconds * 1000, 500), longestWaitMs);
  }
  const repeatable = error.config.method?.toLowerCase() !== 'post';
  const passing = status === undefined ? error.code !== 'ECONNREFUSED' : status >= 500;
  return repeatable && passing
    ? Math.min(200 * 2 ** attempt, longestWaitMs) * (0.5 + Math.random() / 2)
    : null;
}

/** The API's error without its request, which holds the token. */
function toProblem(error: ApiError): DigitalOceanProblem {
  const status = error.response?.status;
  const where = `${error.config.method?.toUpperCase() ?? ''} ${error.config.url ?? ''}`.trim();
  if (status === undefined) {
    return new DigitalOceanProblem(
      `DigitalOcean does not answer at ${error.config.baseURL ?? ''} (${where}): ${error.code ?? error.message}`,
      undefined,
      'Is the network there? For the local cloud: `npm start`, or see .coalmine/local/digitalocean.log.',
    );
  }
  const wayOut =
    status === 401 ? 'DIGITALOCEAN_TOKEN is not valid: make a new one and export it.' : undefined;
  return new DigitalOceanProblem(
    `DigitalOcean says ${status}: ${error.response?.data?.message ?? ''} (${where})`,
    status,
    wayOut,
  );
}

function toDroplet(droplet: ApiDroplet): Droplet {
  const address = (type: string) => droplet.networks.v4.find((network) => network.type === type);
  return {
    id: droplet.id,
    name: droplet.name,
    status: droplet.status,
    tags: droplet.tags,
    address: address('public')?.ip_address ?? '',
    privateAddress: address('private')?.ip_address ?? '',
    gateway: address('public')?.gateway ?? '',
  };
}
