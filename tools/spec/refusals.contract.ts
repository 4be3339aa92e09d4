import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@coalmine/fleet/testbed.js';
import { runPlaybook } from '../src/ansible.js';
import { writeInventory } from '../src/inventory.js';
import { checkMachine } from '../src/local-cloud.js';
import { installation, openProject } from '../src/project.js';
import { fleetKey } from '../src/ssh-identity.js';

const nobody = 65_534;

describe('A mistake gets an answer that names it and the way out', () => {
  let folder: string;

  const coalmine = (parameters: string[], environment: Record<string, string> = {}) => {
    const { PATH = '' } = process.env;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(installation, 'tools/bin/coalmine.js'), ...parameters],
      {
        cwd: folder,
        encoding: 'utf8',
        timeout: 30_000,
        env: { PATH, HOME: folder, ...environment },
      },
    );
    return { status, output: stdout + stderr };
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coalmine-refusals-'));
    await writeFile(join(folder, 'coalmine.yml'), 'name: shop\n');
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('when there is no token', () => {
    const { status, output } = coalmine(['status']);
    expect(status).toBe(1);
    expect(output).toContain('DIGITALOCEAN_TOKEN is not set');
    expect(output).toContain('npm start');
  });

  it('when DigitalOcean is not there', async () => {
    const port = await freePort();
    const { status, output } = coalmine(['droplet', 'list'], {
      DIGITALOCEAN_TOKEN: 'x',
      DIGITALOCEAN_API_URL: `http://127.0.0.1:${port}/v2`,
    });
    expect(status).toBe(1);
    expect(output).toContain(`127.0.0.1:${port}`);
  });

  it('when coalmine.yml has a key that nobody knows', async () => {
    await writeFile(join(folder, 'coalmine.yml'), 'name: shop\npools: { prod: { maximum: 3 } }\n');
    const { status, output } = coalmine(['up', '--dry-run']);
    expect(status).toBe(1);
    expect(output).toContain('coalmine.yml:2: pools.prod.maximum: unknown key');
  });

  it('when there is no coalmine.yml', async () => {
    await rm(join(folder, 'coalmine.yml'));
    expect(coalmine(['status'])).toEqual({ status: 1, output: jasmine.stringContaining('No coalmine.yml') });
  });

  it('when a port of the local cloud is in use; nothing is left running', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { status, output } = coalmine(['up', '--local'], { COALMINE_PORT_BASE: String(port - 1) });
    server.close();
    expect(status).toBe(1);
    expect(output).toContain(`Port ${port} is in use`);
    expect(coalmine(['down']).status).toBe(0);
    expect(processesOf(folder)).toEqual([]);
  });

  it('when the local cloud is wanted by somebody who is not root', async () => {
    spyOn(process as Required<typeof process>, 'getuid').and.returnValue(nobody);
    await expectAsync(checkMachine(await openProject(folder))).toBeRejectedWithError(/needs root/);
  });

  it('when a host does not answer to Ansible', async () => {
    const project = await openProject(folder);
    await fleetKey(project.home);
    const droplet = {
      ...{ id: 7, name: 'prod-1', status: 'active', tags: ['coalmine-pool:prod'], gateway: '127.0.0.1' },
      ...{ address: '127.0.0.1', privateAddress: '127.0.0.1', createdAt: '' },
    } as const;
    await writeInventory(project.home, [{ ...droplet, tags: [...droplet.tags] }]);
    const variables = { coalmine_node_binary: process.execPath, coalmine_node_version: process.version };
    await expectAsync(
      runPlaybook(project, {
        playbook: 'site',
        variables: { ansible_port: await freePort(), ...variables },
      }),
    ).toBeRejectedWithError(/site\.yml failed:\n {2}prod-1: .*Connection refused/s);
    // The secrets among the variables went through a file, which is gone.
    expect((await readdir(join(project.home, 'ansible'))).filter((name) => name.endsWith('.json'))).toEqual(
      [],
    );
  }, 60_000);
});

function processesOf(folder: string): string[] {
  const { stdout } = spawnSync('pgrep', ['--full', '--list-full', folder], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean);
}
