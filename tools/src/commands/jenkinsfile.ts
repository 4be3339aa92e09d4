import { readFile } from 'node:fs/promises';
import { readEnvironment, required, type Environment } from '../environment.js';
import { Problem, reasonOf } from '../problem.js';
import { openProject } from '../project.js';

const deadlineMs = 60_000;
const valid = /^Jenkinsfile successfully validated\.\s*$/;

/** Has Jenkins' own validator read a Jenkinsfile, and says what it says. True when it would take the file. */
export async function lint(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Problem(`${file} cannot be read: ${reasonOf(error)}`, undefined, { cause: error });
  });
  const verdict = await validate(await readEnvironment(await openProject()), text);
  console.log(verdict.trimEnd());
  return valid.test(verdict);
}

/** Jenkins' words on a Jenkinsfile. Throws a Problem when there is no Jenkins, or none that validates. */
export async function validate(environment: Environment, jenkinsfile: string): Promise<string> {
  const url = required(environment, 'JENKINS_URL').replace(/\/$/, '');
  const credentials = `${required(environment, 'JENKINS_USER')}:${required(environment, 'JENKINS_TOKEN')}`;
  const response = await fetch(`${url}/pipeline-model-converter/validate`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    body: new URLSearchParams({ jenkinsfile }),
    signal: AbortSignal.timeout(deadlineMs),
  }).catch((error: unknown) => {
    throw new Problem(
      `No Jenkins answers at ${url}, so nobody has looked at the file`,
      'Start one with `npm start`, or correct JENKINS_URL.',
      { cause: error },
    );
  });
  if (response.status === 401 || response.status === 403) {
    throw new Problem(
      `Jenkins at ${url} refuses the credentials (${response.status})`,
      'Check JENKINS_USER and JENKINS_TOKEN.',
    );
  }
  if (response.status === 404) {
    throw new Problem(`Jenkins at ${url} has no validator`, 'Install its plugin pipeline-model-definition.');
  }
  if (!response.ok) throw new Problem(`Jenkins at ${url} answers ${response.status} to the validation`);
  return response.text();
}
