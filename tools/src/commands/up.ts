import { Listr, PRESET_TIMER, type ListrTask } from 'listr2';
import { runPlaybook } from '../ansible.js';
import { lacksRelease, planDeliveries } from '../deploy.js';
import { ConsoleText } from '../console-text.js';
import { readDeployments } from '../deployments.js';
import { adoptDroplets, createDroplets, destroyDroplet } from '../droplets.js';
import { openFleet, playbookVariables, type Fleet } from '../fleet.js';
import { writeInventory } from '../inventory.js';
import { Jenkins, type BuildParameters } from '../jenkins.js';
import { buildImage, checkMachine, openJenkins, startLocalCloud, startMail } from '../local-cloud.js';
import { planFleet, poolOf, type Plan } from '../plan.js';
import { Problem } from '../problem.js';
import { openProject, type Project } from '../project.js';
import { hasRelease, readRelease } from '../release.js';
import { readSecrets } from '../secrets.js';
import { prepareOrigin, prepareTrialClone, remoteSource, type Source } from '../source.js';
import { takeLock } from '../work-lock.js';
import { down } from './down.js';
import { statusOf, statusText } from './status.js';

export interface UpOptions {
  local?: boolean;
  detach?: boolean;
  dryRun?: boolean;
}

/** Brings up what `coalmine.yml` asks for, from whatever there is; run again, it heals. */
export async function up(options: UpOptions): Promise<void> {
  const started = Date.now();
  const project = await openProject();
  if (options.dryRun) return dryRun(project);
  if (options.local) await checkMachine(project);
  const release = await takeLock(project.home);
  const signal = options.local && !options.detach ? takeDownOnSignal(project) : null;
  if (options.local) await steps(localCloudSteps(project));
  const fleet = await openFleet(project);
  await steps(fleetSteps(project, fleet, options.local === true));
  const clone = options.local ? await prepareTrialClone(project) : null;
  await release();
  console.log(`\nReady after ${Math.round((Date.now() - started) / 1000)} s.\n`);
  console.log(statusText(await statusOf(fleet)));
  const { operator } = await readSecrets(project.home);
  console.log(`\n  Operator’s token, for the dashboard’s buttons: ${operator}`);
  if (clone) console.log(`\n${thingsToTry(project, clone)}`);
  if (signal) {
    console.log('\nCtrl-C takes everything down.');
    const keepAlive = setInterval(() => undefined, 60_000);
    await signal;
    clearInterval(keepAlive);
  }
}

function localCloudSteps(project: Project): ListrTask[] {
  return [
    {
      title: 'Image of the droplets',
      task: (_, task) => buildImage(project, (line) => (task.output = line)),
    },
    {
      title: 'Local DigitalOcean and Jenkins',
      task: async () => {
        await startLocalCloud(project);
      },
    },
  ];
}

function fleetSteps(project: Project, fleet: Fleet, local: boolean): ListrTask[] {
  const plan = planFleet(project.config, fleet.droplets);
  const known: { source?: Source; commit?: string } = {};
  return [
    {
      title: `Droplets: ${planText(plan)}`,
      task: async (_, task) => {
        const kept = await adoptDroplets(project, fleet.cloud, plan.keep);
        const created = await createDroplets(project, fleet.cloud, plan.create, (droplet) => {
          task.output = `${droplet.name} answers at ${droplet.address}`;
        });
        for (const droplet of plan.destroy) await destroyDroplet(project, fleet.cloud, droplet);
        fleet.droplets = [...kept, ...created];
        await writeInventory(project.home, fleet.droplets);
        const gateway = fleet.droplets[0]?.gateway;
        if (local && gateway) {
          await startMail(project, gateway);
          fleet.environment = await openJenkins(project, gateway);
        }
      },
    },
    {
      title: 'Configure the droplets, and meanwhile test, lint and package this commit',
      task: (_, task) =>
        task.newListr(
          [
            {
              title: 'Configure (Ansible)',
              task: async (_context, configure) => {
                const variables = await playbookVariables(fleet);
                await runPlaybook(project, {
                  playbook: 'site',
                  variables,
                  onTask: (name) => (configure.output = name),
                });
              },
            },
            {
              title: 'Build (Jenkins)',
              task: async (_context, build) => {
                known.source = local ? await prepareOrigin(project) : await remoteSource(project);
                known.commit = await ensureRelease(fleet, known.source, (line) => (build.output = line));
              },
            },
          ],
          { concurrent: true, exitOnError: true },
        ),
    },
    {
      title: 'Release',
      task: async (_, task) => {
        const { commit, source } = known;
        if (!commit || !source) throw new Problem('There is no release to deploy');
        const release = await readRelease(project.home, commit);
        const deployed = await readDeployments(project.home);
        if (!lacksRelease(planDeliveries('prod', release, fleet.droplets, deployed), deployed)) {
          task.skip('every droplet has its release');
          return;
        }
        await throughJenkins(
          fleet,
          source,
          { COMMIT: commit, ACTION: 'deploy', TARGET: 'prod' },
          (line) => (task.output = line),
        );
      },
    },
  ];
}

/** The commit that production runs, else this repository's HEAD, built and packaged by Jenkins if it is not yet. */
async function ensureRelease(fleet: Fleet, source: Source, onLine: (line: string) => void): Promise<string> {
  const { project } = fleet;
  const jenkins = new Jenkins(fleet.environment, project.config.jenkins.job);
  await jenkins.ensureJob(source.repository);
  const deployed = await readDeployments(project.home);
  const running = fleet.droplets
    .filter((droplet) => poolOf(droplet) === 'prod')
    .map((droplet) => deployed[droplet.id]?.['app-server']?.commit)
    .find((commit) => commit !== undefined && hasRelease(project.home, commit));
  if (running) return running;
  const { commit } = source;
  if (hasRelease(project.home, commit) && (await jenkins.isGreen(commit))) return commit;
  await throughJenkins(fleet, source, { COMMIT: commit, ACTION: 'build', TARGET: 'none' }, onLine);
  return commit;
}

async function throughJenkins(
  fleet: Fleet,
  source: Source,
  parameters: Pick<BuildParameters, 'COMMIT' | 'ACTION' | 'TARGET'>,
  onLine: (line: string) => void,
): Promise<void> {
  const { jenkins: settings, pools } = fleet.project.config;
  const jenkins = new Jenkins(fleet.environment, settings.job);
  const log: string[] = [];
  const build = await jenkins.trigger({ REPO: source.repository, BRANCH: pools.prod.branch, ...parameters });
  const console = new ConsoleText();
  const result = await jenkins.follow(build.number, (piece) => {
    const text = console.push(piece);
    log.push(text);
    const line = text.trimEnd().split('\n').at(-1);
    if (line) onLine(line);
  });
  if (result.green) return;
  const tail = log.join('').trimEnd().split('\n').slice(-15).join('\n  ');
  throw new Problem(
    `Build #${result.number} (${parameters.ACTION}) ended with ${result.result}:\n  ${tail}`,
    jenkins.buildUrl(result.number),
  );
}

async function dryRun(project: Project): Promise<void> {
  const fleet = await openFleet(project);
  const plan = planFleet(project.config, fleet.droplets);
  for (const { name } of plan.create)
    console.log(`+ create   ${name}  (${project.config.provider.size}, ${project.config.provider.region})`);
  for (const droplet of plan.keep) console.log(`= keep     ${droplet.name}  ${droplet.address}`);
  for (const droplet of plan.destroy) console.log(`- destroy  ${droplet.name}  ${droplet.address}`);
  console.log('~ configure every droplet (coalmine playbook site --check tells what would change)');
}

function planText(plan: Plan): string {
  const text = [
    plan.create.length > 0 ? `create ${plan.create.map(({ name }) => name).join(', ')}` : '',
    plan.keep.length > 0 ? `keep ${plan.keep.map(({ name }) => name).join(', ')}` : '',
    plan.destroy.length > 0 ? `destroy ${plan.destroy.map(({ name }) => name).join(', ')}` : '',
  ];
  return text.filter(Boolean).join('; ');
}

/** Steps with what, how far and how long; on a pipe a line at each start and end. */
async function steps(tasks: ListrTask[]): Promise<void> {
  await new Listr(tasks, {
    registerSignalListeners: false, // Ctrl-C is ours: it takes everything down
    rendererOptions: { timer: PRESET_TIMER, collapseSubtasks: false },
    fallbackRendererOptions: { timer: PRESET_TIMER },
    fallbackRenderer: 'simple',
  }).run();
}

/** Resolves after Ctrl-C, or the terminal's end, has taken everything down; more of them change nothing. */
/** Waits for a signal without keeping the process alive: a start that fails has to end. */
async function takeDownOnSignal(project: Project): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  process.stdout.on('error', () => undefined); // the terminal may be gone, the fleet still has to go
  console.log('\nTaking everything down …');
  await down({ local: true, project });
  process.exit(0);
}

function thingsToTry(project: Project, clone: string): string {
  const { canary, prod } = project.config.pools;
  return `Three things to try, in the clone made for it:
  cd ${clone}
  1. A canary:      git checkout ${canary.branch} && sed -i 's/Coalmine/Hello/' app-server/src/app.ts && git commit -am 'Say hello'
  2. Production:    git checkout ${prod.branch} && git merge --ff-only ${canary.branch} && git push
  3. A bad commit:  echo 'it("fails", () => fail("on purpose"));' >> app-server/spec/tokens.spec.ts && git commit -am 'Break it'`;
}
