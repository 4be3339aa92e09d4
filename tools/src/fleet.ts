import { autoscaleRules } from '@coalmine/fleet/autoscale.js';
import { execa } from 'execa';
import { DigitalOcean, type Droplet } from './digitalocean.js';
import { readEnvironment, required, type Environment } from './environment.js';
import { fleetTag, poolOf } from './plan.js';
import { Problem } from './problem.js';
import type { Project } from './project.js';
import { readSecrets } from './secrets.js';
import { sshArguments } from './ssh-identity.js';

/** A project together with the droplets that it has just now. */
export interface Fleet {
  project: Project;
  environment: Environment;
  cloud: DigitalOcean;
  droplets: Droplet[];
}

/** Asks DigitalOcean what there is. Throws a Problem when the token is missing or the API is away. */
export async function openFleet(project: Project): Promise<Fleet> {
  const environment = await readEnvironment(project);
  const cloud = new DigitalOcean(
    required(environment, 'DIGITALOCEAN_TOKEN'),
    environment.DIGITALOCEAN_API_URL,
  );
  return { project, environment, cloud, droplets: await cloud.listDroplets(fleetTag(project.config)) };
}

/** The droplet of this name. Throws a Problem that lists those there are. */
export function dropletNamed(fleet: Pick<Fleet, 'droplets'>, name: string): Droplet {
  const droplet = fleet.droplets.find((candidate) => candidate.name === name);
  if (droplet) return droplet;
  const names = fleet.droplets.map((candidate) => candidate.name).join(', ');
  throw new Problem(
    `No droplet is called ${name}`,
    names ? `There are: ${names}` : 'Run `coalmine up` first.',
  );
}

/** What every playbook is told. */
export async function playbookVariables(fleet: Fleet): Promise<Record<string, unknown>> {
  const { config, home } = fleet.project;
  const smtp = config.monitor.mail?.smtp ?? fleet.environment.SMTP_URL;
  return {
    coalmine_name: config.name,
    coalmine_node_binary: process.execPath,
    coalmine_node_version: process.version,
    coalmine_operators: await operators(fleet),
    coalmine_scrapers: config.monitor.scrapers,
    coalmine_secrets: await readSecrets(home),
    coalmine_monitor: {
      cpu: config.monitor.cpu,
      memory: config.monitor.memory,
      sustainedMs: config.monitor.sustained,
      noDataMs: config.monitor.noData,
      repeatMs: config.monitor.repeat,
      rules: config.monitor.rules,
      webhook: process.env.ALERT_WEBHOOK_URL ?? config.monitor.webhook ?? null,
      mail:
        config.monitor.mail && smtp
          ? { from: config.monitor.mail.from, to: config.monitor.mail.to, smtp: withPassword(smtp) }
          : null,
    },
    coalmine_proxy: config.proxy,
    coalmine_autoscale: autoscaleRules(config),
    coalmine_releases_keep: config.releases.keep,
    coalmine_jenkins: jenkinsOf(fleet),
  };
}

/** The address this machine has in the droplets' eyes: who may reach the flags and the metrics. */
async function operators(fleet: Fleet): Promise<string[]> {
  const droplet = fleet.droplets.find((candidate) => poolOf(candidate) !== null && candidate.address);
  if (!droplet) return [];
  const { stdout } = await execa('ssh', [
    ...sshArguments(fleet.project.home, droplet.id),
    `root@${droplet.address}`,
    'printenv',
    'SSH_CLIENT',
  ]);
  const [address = ''] = stdout.split(' ');
  return address ? [address] : [];
}

/** The Jenkins that the controller asks for promotions and rollbacks, at the address that droplets know; or null. */
function jenkinsOf({ environment, project }: Fleet): Record<string, string> | null {
  const { JENKINS_FLEET_URL, JENKINS_URL, JENKINS_USER: user, JENKINS_TOKEN: token } = environment;
  const url = JENKINS_FLEET_URL ?? JENKINS_URL;
  return url && user && token ? { url, user, token, job: project.config.jenkins.job } : null;
}

/** The SMTP password stands in the environment, not in coalmine.yml. */
function withPassword(smtp: string): string {
  const url = new URL(smtp);
  if (process.env.SMTP_PASSWORD) url.password = encodeURIComponent(process.env.SMTP_PASSWORD);
  return url.toString();
}
