import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePort, soon, TestRedis, TestService } from '@coalmine/fleet/testbed.js';

const run = promisify(execFile);
const folder = resolve(import.meta.dirname, '../../prometheus');
const main = join(import.meta.dirname, '../src/main.js');

interface Dashboard {
  panels: {
    id: number;
    title: string;
    gridPos: { x: number; y: number; w: number; h: number };
    targets: { expr: string }[];
  }[];
}
const dashboard = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../grafana/coalmine.json'), 'utf8'),
) as Dashboard;

describe('the files for Prometheus and Grafana', () => {
  let work: string;

  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'coalmine-prometheus-'));
  });
  afterEach(() => rmSync(work, { recursive: true, force: true }));

  it('pass promtool: the configuration, the rules, and the rules’ own tests', async () => {
    for (const parameters of [
      ['check', 'config', 'prometheus.yml'],
      ['check', 'rules', '--lint-fatal', 'coalmine.rules.yml'],
      ['test', 'rules', 'coalmine.rules.test.yml'],
    ]) {
      const { stdout } = await run('promtool', parameters, { cwd: folder });
      expect(stdout).toContain('SUCCESS');
    }
  });

  it('have a dashboard whose queries Prometheus understands, and whose panels do not overlap', async () => {
    const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(queries.length).toBeGreaterThan(10);
    const rules = queries.map((expr, index) => ({ record: `panel:${index}`, expr }));
    const file = join(work, 'rules.json'); // JSON is YAML
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    await run('promtool', ['check', 'rules', file]);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  it('have a real Prometheus find an agent by its target file, and its load by the dashboard’s query', async () => {
    const server = await TestRedis.start();
    let prometheus: ChildProcess | undefined;
    let agent: TestService | undefined;
    try {
      agent = await TestService.start(main, {
        ...{ REDIS_URL: server.url, COALMINE_HOST: 'prod-1', POOL: 'prod', SERVICE: `pid:${process.pid}` },
      });
      mkdirSync(join(work, 'targets'));
      writeFileSync(
        join(work, 'targets/coalmine.json'),
        JSON.stringify([
          {
            targets: [`127.0.0.1:${agent.port}`],
            labels: { droplet: 'prod-1', pool: 'prod', part: 'monitor' },
          },
        ]),
      );
      for (const name of ['prometheus.yml', 'coalmine.rules.yml'])
        writeFileSync(join(work, name), readFileSync(join(folder, name), 'utf8').replaceAll('5s', '1s'));
      const port = await freePort();
      prometheus = spawn(
        'prometheus',
        [
          ...[`--config.file=${join(work, 'prometheus.yml')}`, `--storage.tsdb.path=${join(work, 'data')}`],
          `--web.listen-address=127.0.0.1:${port}`,
        ],
        { stdio: 'ignore' },
      );
      const cpu =
        dashboard.panels.find(({ title }) => title === 'CPU of the services')?.targets[0]?.expr ?? '';
      const found = async (): Promise<boolean> => {
        const query = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(cpu)}`;
        // While it starts it says so, and not in JSON.
        const answer = await fetch(query)
          .then(
            (response) =>
              response.json() as Promise<{ data: { result: { metric: Record<string, string> }[] } }>,
          )
          .catch(() => null);
        return answer?.data.result.some(({ metric }) => metric.droplet === 'prod-1') === true;
      };
      expect(await soon(found, 20_000)).toBeTrue();
    } finally {
      const ended = new Promise((done) => (prometheus ? prometheus.once('exit', done) : done(null)));
      prometheus?.kill('SIGKILL');
      await ended;
      await agent?.stop('SIGKILL');
      await server.stop();
    }
  });
});
