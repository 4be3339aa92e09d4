import { buildAndFollow, commitOf, conclude, follow, offerCommit } from '../follow.js';
import { currentBranch } from '../git.js';
import { Jenkins, parameter, type BuildParameters } from '../jenkins.js';
import { Problem } from '../problem.js';
import { openClone } from '../project.js';
import { whyRed } from '../why-red.js';

export interface BuildOptions {
  commit?: string;
  branch?: string;
  target?: BuildParameters['TARGET'];
  action?: BuildParameters['ACTION'];
  count?: string;
  attach?: boolean;
  json?: boolean;
}

/** Triggers a build of a commit (HEAD by default) and follows it; `--attach` picks up the one that runs. */
export async function build(options: BuildOptions): Promise<boolean> {
  const clone = process.cwd();
  const { project, environment } = await openClone(clone);
  const jenkins = new Jenkins(environment, project.config.jenkins.job);
  const commit = await commitOf(clone, options.commit);
  if (!commit) throw new Problem(`${options.commit ?? 'HEAD'} is not a commit in ${clone}`);
  const branch = options.branch ?? (await currentBranch(clone)) ?? project.config.pools.prod.branch;
  const defaultTarget = branch === project.config.pools.canary.branch ? 'canary' : 'none';
  const target = options.target ?? defaultTarget;
  const action = options.action ?? 'build';

  if (options.attach) return attach(clone, jenkins, commit, options);
  const result = await buildAndFollow(
    jenkins,
    {
      REPO: await offerCommit(clone, jenkins, commit),
      COMMIT: commit,
      BRANCH: branch,
      TARGET: target,
      ACTION: action,
      ...(options.count ? { COUNT: options.count } : {}),
    },
    options.json,
  );
  if (options.json) console.log(JSON.stringify(result));
  else if (action === 'build') {
    const why = result.green ? null : await whyRed(jenkins, result.number, clone);
    console.log(await conclude(clone, branch, commit, target, result, why));
  } else console.log(`${result.green ? '✔' : '✖'} ${action} ${target}: ${result.result} (${result.url})`);
  return result.green;
}

/** Follows the latest build of a commit to its end, and draws the same consequence as if one had never left it. */
async function attach(
  clone: string,
  jenkins: Jenkins,
  commit: string,
  options: BuildOptions,
): Promise<boolean> {
  const found = await jenkins.findBuild(commit);
  if (!found)
    throw new Problem(`Jenkins knows no build of ${commit.slice(0, 10)}`, 'Start one: coalmine build');
  const say = options.json ? () => undefined : (text: string) => void process.stdout.write(text);
  const result = await follow(jenkins, found, say);
  const target = (parameter(found, 'TARGET') ?? 'none') as BuildParameters['TARGET'];
  const branch = parameter(found, 'BRANCH') ?? options.branch ?? '';
  const why = result.green ? null : await whyRed(jenkins, result.number, clone);
  const conclusion = await conclude(clone, branch, commit, target, result, why);
  console.log(options.json ? JSON.stringify(result) : conclusion);
  return result.green;
}
