import { setTimeout as sleep } from 'node:timers/promises';
import { ask, LoadingClient } from './client.js';
import { endAndLookBehind } from './left-behind.js';
import { Trial, within } from './trial.js';

/** Puts a busy loop among the processes of a service, for some seconds: its droplet's cgroup holds it. */
function overload(seconds: number): string {
  return `group=$(systemctl show --property=ControlGroup --value app-server)
for root in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
  [ -e "$root$group/cgroup.procs" ] && procs=$root$group/cgroup.procs && break
done
setsid sh -c "echo \\$\\$ > $procs; exec timeout ${seconds} sh -c 'while :; do :; done'" </dev/null >/dev/null 2>&1 &`;
}

/** What happens to the users when parts of a running fleet fall: told in order, under load. */
describe('a fleet whose parts fall', () => {
  const trial = new Trial();
  let client: LoadingClient;
  let mailHangsSince = 0;

  beforeAll(async () => {
    trial.begin();
    const up = await trial.up();
    expect(up.code).withContext(up.output).toBe(0);
    client = new LoadingClient(trial.status().urls.app);
  });

  afterAll(async () => {
    try {
      if (mailHangsSince > 0) trial.signal('mail', 'SIGCONT');
      await client.stop();
    } finally {
      await endAndLookBehind(trial);
    }
  });

  it('grows production to three servers, and all serve', async () => {
    const scale = await trial.coalmineBeside('scale', '3');
    expect(scale.code).withContext(scale.output).toBe(0);
    for (const name of ['prod-2', 'prod-3']) {
      expect(await within(10, () => (client.tally.servedBy.get(name) ?? 0) > 0)).toBeTrue();
      expect(trial.releaseOf(name)).toBe(trial.releaseOf('prod-1'));
    }
  });

  it('takes an overloaded canary out of the traffic while the mail server hangs, and brings it back', async () => {
    const served = () => client.tally.servedBy.get('canary-1') ?? 0;
    const isCut = async () =>
      (await trial.coalmineBeside('proxy', 'explain', '--json')).output.includes('"alert"');
    trial.signal('mail', 'SIGSTOP');
    mailHangsSince = Date.now();
    await trial.onDroplet('canary-1', overload(20));
    expect(await within(15, isCut)).toBeTrue();
    await sleep(1000); // what was on its way there may still be answered
    const atCut = served();
    const { requests } = client.tally;
    await within(10, () => client.tally.requests > requests + 80);
    expect(served()).toBe(atCut);
    expect(await within(40, () => served() > atCut)).toBeTrue();
  });

  it('serves on while Redis is killed, and after it is back', async () => {
    const { requests } = client.tally;
    await trial.onDroplet('redis-1', 'pkill -9 redis-server');
    expect(await within(10, () => client.tally.requests > requests + 80)).toBeTrue();
    const { app } = trial.status().urls;
    expect(await within(10, async () => (await ask(`${app}set`)).statusCode === 200)).toBeTrue();
  });

  it('serves on while the canary is killed', async () => {
    await trial.onDroplet('canary-1', 'systemctl kill --signal=KILL --kill-whom=main app-server');
    const served = client.tally.servedBy.get('canary-1') ?? 0;
    expect(await within(20, () => (client.tally.servedBy.get('canary-1') ?? 0) > served)).toBeTrue();
  });

  it('serves on while one of the production servers is killed', async () => {
    await trial.onDroplet('prod-2', 'systemctl kill --signal=KILL --kill-whom=main app-server');
    const served = client.tally.servedBy.get('prod-2') ?? 0;
    expect(await within(20, () => (client.tally.servedBy.get('prod-2') ?? 0) > served)).toBeTrue();
  });

  it('serves on while the proxy restarts', async () => {
    await trial.onDroplet('proxy-1', 'systemctl restart proxy-server');
    const { requests } = client.tally;
    expect(await within(10, () => client.tally.requests > requests + 40)).toBeTrue();
  });

  it('shrinks production to one server again', async () => {
    const scale = await trial.coalmineBeside('scale', '1');
    expect(scale.code).withContext(scale.output).toBe(0);
    expect(trial.status().droplets.filter(({ pool }) => pool === 'prod').length).toBe(1);
  });

  it('sends the mail of the overload once the mail server is back, a minute later', async () => {
    await sleep(Math.max(0, mailHangsSince + 60_000 - Date.now()));
    trial.signal('mail', 'SIGCONT');
    const { mail } = trial.status().urls;
    const subjects = async () => {
      const answer = await fetch(`${mail}/api/messages`);
      const { messages } = (await answer.json()) as { messages: { subject: string }[] };
      return messages.map(({ subject }) => subject);
    };
    expect(await within(90, async () => (await subjects()).some((subject) => /canary-1/.test(subject))))
      .withContext(String(await subjects()))
      .toBeTrue();
  });

  it('did not fail a single request in all of this', async () => {
    const { requests, failures } = await client.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(500);
  });
});
