import { readEnvironment } from '../environment.js';
import { Problem } from '../problem.js';
import { openProject } from '../project.js';
import { readSecrets } from '../secrets.js';

/** Prints what a shell needs to speak to the running cloud: `eval "$(coalmine env)"`. */
export async function env(): Promise<void> {
  const project = await openProject();
  const { DIGITALOCEAN_API_URL, DIGITALOCEAN_TOKEN, JENKINS_URL, JENKINS_USER, JENKINS_TOKEN } =
    await readEnvironment(project);
  const variables = { DIGITALOCEAN_API_URL, DIGITALOCEAN_TOKEN, JENKINS_URL, JENKINS_USER, JENKINS_TOKEN };
  const set = Object.entries(variables).filter(([, value]) => value !== undefined);
  if (set.length === 0)
    throw new Problem('Nothing is running and nothing is configured', 'Run `npm start` first.');
  set.push(['COALMINE_OPERATOR_TOKEN', (await readSecrets(project.home)).operator]);
  for (const [name, value] of set) console.log(`export ${name}='${value?.replaceAll("'", `'\\''`)}'`);
}
