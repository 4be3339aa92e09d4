import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../src/log.js';
import { runService } from '../src/service.js';
import { freePort } from '../src/testbed.js';

const log = createLog('spec');
log.level = 'silent';

describe('a service', () => {
  it('answers /healthz and /metrics, and gives every answer a request id', async () => {
    const service = await runService({
      name: 'spec',
      handler: (_request, response) => response.end('hello'),
      log,
      port: await freePort(),
      health: () => ({ ok: true }),
    });
    const url = `http://127.0.0.1:${service.port}`;
    try {
      expect((await (await fetch(`${url}/healthz`)).json()) as object).toEqual(
        jasmine.objectContaining({ ok: true }),
      );
      const answer = await fetch(url, { headers: { 'x-request-id': 'mine' } });
      expect(answer.headers.get('x-request-id')).toBe('mine');
      expect(await (await fetch(`${url}/metrics`)).text()).toContain(
        'coalmine_http_request_duration_seconds_count',
      );
    } finally {
      await service.stop();
    }
  });

  it('finishes what is in flight when it stops', async () => {
    const service = await runService({
      name: 'spec',
      handler: (_request, response) => void sleep(300).then(() => response.end('late but whole')),
      log,
      port: await freePort(),
      health: () => ({ ok: true }),
    });
    const answer = fetch(`http://127.0.0.1:${service.port}`);
    await sleep(50);
    const stopped = service.stop();
    expect(await (await answer).text()).toBe('late but whole');
    await stopped;
  });

  it('cuts what is still in flight at the deadline', async () => {
    const service = await runService({
      name: 'spec',
      handler: () => undefined,
      log,
      port: await freePort(),
      health: () => ({ ok: true }),
      drainMs: 200,
    });
    const answer = fetch(`http://127.0.0.1:${service.port}`).catch((error: unknown) => error);
    await sleep(50);
    await service.stop();
    expect(await answer).toBeInstanceOf(TypeError);
  });

  it('says which port is in use, and what to do', async () => {
    const port = await freePort();
    const squatter = createServer().listen(port, '127.0.0.1');
    const start = runService({
      name: 'spec',
      handler: () => undefined,
      log,
      port,
      health: () => ({ ok: true }),
    });
    await expectAsync(start).toBeRejectedWithError(/port \d+ is in use.*PORT/);
    squatter.close();
  });

  it('listens on the socket that systemd hands over', async () => {
    const port = await freePort();
    const listener = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => listener.once('listening', resolve));
    const module = new URL('../src/service.js', import.meta.url).href;
    const logModule = new URL('../src/log.js', import.meta.url).href;
    // The child gets the listening socket as descriptor 3, which is what LISTEN_FDS says.
    const script = `process.env.LISTEN_PID = String(process.pid);
      const { runService } = await import(${JSON.stringify(module)});
      const { createLog } = await import(${JSON.stringify(logModule)});
      await runService({ name: 'child', handler: (_, response) => response.end('handed over'), log: createLog('child'), port: 1, health: () => ({ ok: true }) });`;
    const descriptor = (listener as unknown as { _handle: { fd: number } })._handle.fd;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, LISTEN_FDS: '1' },
      stdio: ['ignore', 'pipe', 'inherit', descriptor],
    });
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    listener.close(); // ours; the child's copy goes on
    try {
      expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('handed over');
    } finally {
      child.kill('SIGKILL');
    }
  });
});
