import { readEnvironment } from '../environment.js';
import { buildAndFollow, commitOf, conclude, follow, offerCommit } from '../follow.js';
import { currentBranch, git } from '../git.js';
import { Jenkins, parameter, type BuildParameters } from '../jenkins.js';
import { Problem } from '../problem.js';
import { openProject } from '../project.js';

export interface BuildOptions {
  commit?: string;
  branch?: string;
  target?: BuildParameters['TARGET'];
  action?: BuildParameters['ACTION'];
  attach?: boolean;
  json?: boolean;
}

/** Triggers a build of a commit (HEAD by default) and follows it; `--attach` picks up the one that runs. */
export async function build(options: BuildOptions): Promise<boolean> {
  const clone = process.cwd();
  process.env.COALMINE_HOME ??= await git(clone, 'config', 'coalmine.home').catch(() => undefined);
  const project = await openProject(clone);
  const jenkins = new Jenkins(await readEnvironment(project), project.config.jenkins.job);
  const commit = await commitOf(clone, options.commit);
  if (!commit) throw new Problem(`${options.commit ?? 'HEAD'} is not a commit in ${clone}`);
  const branch = options.branch ?? (await currentBranch(clone)) ?? project.config.pools.prod.branch;
  const defaultTarget = branch === project.config.pools.canary.branch ? 'canary' : 'none';
  const target = options.target ?? defaultTarget;
  const action = options.action ?? 'build';

  if (options.attach) {
    const running = await jenkins.findBuild(commit);
    if (!running)
      throw new Problem(`Jenkins knows no build of ${commit.slice(0, 10)}`, 'Start one: coalmine build');
    const result = await follow(
      jenkins,
      running.number,
      options.json ? () => undefined : (text) => void process.stdout.write(text),
    );
    const builtTarget = (parameter(running, 'TARGET') ?? 'none') as BuildParameters['TARGET'];
    console.log(await conclude(clone, branch, commit, builtTarget, result));
    return result.green;
  }
  const result = await buildAndFollow(
    jenkins,
    {
      REPO: await offerCommit(clone, jenkins.url, commit),
      COMMIT: commit,
      BRANCH: branch,
      TARGET: target,
      ACTION: action,
    },
    options.json,
  );
  if (options.json) console.log(JSON.stringify(result));
  else if (action === 'build') console.log(await conclude(clone, branch, commit, target, result));
  else console.log(`${result.green ? '✔' : '✖'} ${action} ${target}: ${result.result} (${result.url})`);
  return result.green;
}
