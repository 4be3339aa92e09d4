#!/usr/bin/env node
import { Command, Option } from 'commander';
import { addFlags } from './flag-commands.js';
import { addObserving } from './observing.js';
import { Problem } from './problem.js';

const program = new Command('coalmine')
  .description('Canary releases for plain servers: Jenkins builds it, Ansible deploys it, a canary decides')
  .addHelpText(
    'after',
    '\nExample:\n  $ coalmine up --local     # a whole fleet on this machine\n  $ coalmine status --json',
  )
  .showHelpAfterError();

const target = () =>
  new Option('--target <target>', 'where').choices(['prod', 'canary']).makeOptionMandatory();

program
  .command('up')
  .description('create, configure and release what coalmine.yml asks for; run again, it heals')
  .option('--local', 'on a cloud of its own on this machine')
  .option('--detach', 'return once all is up (with --local)')
  .option('--dry-run', 'only say what would be created, kept and destroyed')
  .action(async (options) => (await import('./commands/up.js')).up(options));
program
  .command('down')
  .description('destroy the fleet, and the local cloud with it')
  .option('--yes', 'yes, destroy droplets at DigitalOcean')
  .action(async (options) => (await import('./commands/down.js')).down(options));
program
  .command('status')
  .description('what is up, where, and which release it runs')
  .option('--json', 'for machines')
  .action(async (options) => (await import('./commands/status.js')).status(options));
program
  .command('env')
  .description('what a shell needs to speak to the running cloud')
  .addHelpText('after', '\nExample:\n  $ eval "$(coalmine env)"')
  .action(async () => (await import('./commands/env.js')).env());
program
  .command('schema')
  .description('print the JSON Schema of coalmine.yml, for editors')
  .addHelpText('after', '\nExample:\n  $ coalmine schema > coalmine.schema.json')
  .action(async () => (await import('./commands/schema.js')).schema());

const droplet = program.command('droplet').description('create, list and destroy droplets');
droplet
  .command('create <name...>')
  .description('create droplets: all of them, or none')
  .option('--pool <pool>', 'pool, if it is not the first part of the name')
  .option('--json', 'for machines')
  .addHelpText('after', '\nExample:\n  $ coalmine droplet create prod-2 prod-3')
  .action(async (names, options) => (await import('./commands/droplet.js')).createByName(names, options));
droplet
  .command('list')
  .option('--json', 'for machines')
  .action(async (options) => (await import('./commands/droplet.js')).list(options));
droplet
  .command('destroy <name...>')
  .action(async (names) => (await import('./commands/droplet.js')).destroyByName(names));
droplet
  .command('snapshot')
  .description('make a golden snapshot, from which `coalmine scale` makes new droplets faster')
  .option('--list', 'only list those there are, newest first')
  .option('--json', 'for machines')
  .addHelpText('after', '\nExample:\n  $ coalmine droplet snapshot')
  .action(async (options) => (await import('./commands/droplet.js')).snapshot(options));
program
  .command('scale <count>')
  .description('make production have so many droplets in rotation, none of them a request the poorer')
  .option('--dry-run', 'only say what would be created, finished and destroyed')
  .option('--json', 'for machines')
  .addHelpText('after', '\nExample:\n  $ coalmine scale 3 --dry-run')
  .action(async (count, options) => (await import('./commands/scale.js')).scale(count, options));
program
  .command('orphans')
  .description('what was left behind: droplets in no pool or in no rotation, entries without a droplet')
  .option('--reap', 'destroy and remove them')
  .option('--json', 'for machines')
  .addHelpText('after', '\nExample:\n  $ coalmine orphans --reap')
  .action(async (options) => (await import('./commands/orphans.js')).orphans(options));
program
  .command('inventory')
  .description('write the Ansible inventory and print its path')
  .option('--list', 'answer as a dynamic inventory')
  .option('--host <name>', 'answer for one host')
  .option('--stdout', 'print the YAML instead of writing it')
  .action(async (options) => (await import('./commands/droplet.js')).inventory(options));
program
  .command('playbook <name>')
  .description('run site, deploy or rollback over the fleet')
  .option('--limit <hosts>', 'only these, comma-separated')
  .option('--check', 'only say what would change')
  .action(async (name, options) => (await import('./commands/droplet.js')).playbook(name, options));

program
  .command('build')
  .description('trigger a build in Jenkins and follow it')
  .option('--commit <commit>', 'commit to build (default: HEAD)')
  .option('--branch <branch>', 'branch it is on (default: the one checked out)')
  .addOption(new Option('--target <target>', 'where to deploy').choices(['none', 'canary', 'prod']))
  .addOption(new Option('--action <action>').choices(['build', 'deploy', 'rollback', 'promote', 'scale']))
  .option('--count <n>', 'droplets of production, for --action scale')
  .option('--attach', 'follow the build of this commit that runs already')
  .option('--json', 'for machines')
  .action(async (options) => exitWith(await (await import('./commands/build.js')).build(options)));
program
  .command('specs')
  .description('install the dependencies and run the specs, as the pipeline does')
  .action(async () => (await import('./commands/pipeline.js')).specs());
program
  .command('lint')
  .description('run the linter, as the pipeline does')
  .action(async () => (await import('./commands/pipeline.js')).lint());
program
  .command('jenkinsfile')
  .description('what concerns a Jenkinsfile')
  .command('lint <file>')
  .description(
    'have Jenkins validate it: exit code 1 and every error, with line and column, if it would refuse it',
  )
  .action(async (file) => exitWith(await (await import('./commands/jenkinsfile.js')).lint(file)));
program
  .command('package')
  .description('make one tarball per part from the checked-out commit')
  .option('--commit <commit>', 'what must be checked out (default: HEAD)')
  .action(async (options) => (await import('./commands/pipeline.js')).packageCommit(options));
program
  .command('deploy')
  .description('deploy a packaged commit')
  .addOption(target())
  .option('--commit <commit>', 'default: HEAD')
  .action(async (options) => (await import('./commands/deploy.js')).deploy(options));
program
  .command('rollback')
  .description('put the app back to its previous release; needs no build')
  .addOption(target())
  .option('--to <commit>', 'a certain release')
  .action(async (options) => (await import('./commands/deploy.js')).rollback(options));
program
  .command('promote')
  .description('deploy to production what the canary runs')
  .option('--commit <commit>', 'only if it runs this one')
  .action(async (options) => (await import('./commands/deploy.js')).promote(options));
const canary = program.command('canary').description('look at the rollout, and steer it by hand');
const canaryCommand = () => import('./commands/canary.js');
const steered = (command: Command): Command =>
  command.option('--reason <text>', 'why: kept with the rollout').option('--json', 'for machines');
canary
  .command('status')
  .description('how the rollout is going, and why it is not further')
  .option('--json', 'for machines')
  .action(async (options) => (await canaryCommand()).status(options));
for (const [kind, text] of [
  ['pause', 'stay at this weight; what harms is still taken back'],
  ['resume', 'go on with the steps'],
  ['skip', 'go to the next step now; from the last one to production'],
  ['abort', 'all traffic to production at once, and the release off the canary'],
  ['promote', 'to production now'],
] as const) {
  steered(canary.command(kind).description(text)).action(async (options) =>
    (await canaryCommand()).order({ kind }, options),
  );
}
steered(canary.command('weight <percent>').description('give the canary this share, and pause')).action(
  async (percent, options) =>
    (await canaryCommand()).order({ kind: 'weight', percent: Number(percent) }, options),
);
steered(canary.command('allow <name...>').description('let testers ask for the canary by name'))
  .option('--remove', 'let them no more')
  .action(async (names, options) =>
    (await canaryCommand()).order({ kind: 'allow', names, remove: options.remove === true }, options),
  );

program
  .command('proxy')
  .description('what the proxy makes of a request')
  .command('explain')
  .description('which pool a request would go to just now, and why')
  .option('--cookie <cookie>', "a Cookie header, or the bucket cookie's value")
  .option(
    '--header <line>',
    'another header; may be repeated',
    (line, lines: string[]) => [...lines, line],
    [],
  )
  .option('--json', 'for machines')
  .addHelpText(
    'after',
    '\nExample:\n  $ coalmine proxy explain --cookie kT0gQb2v1xZy.0aVb…\n  $ coalmine proxy explain --header "coalmine-canary: ann"',
  )
  .action(async (options) => (await import('./commands/proxy.js')).explain(options));
program
  .command('notify')
  .description('mail the result of a build')
  .requiredOption('--result <result>', 'SUCCESS, FAILURE …')
  .action(async (options) => (await import('./commands/pipeline.js')).notify(options));

program
  .command('hooks')
  .description('git hooks')
  .command('install')
  .description('put the hooks into this clone')
  .action(async () => (await import('./commands/hooks.js')).install());
const hook = program.command('hook').description('what the installed hooks call');
hook.command('post-commit').action(async () => (await import('./commands/hook.js')).postCommit());
hook
  .command('pre-push [parameters...]')
  .action(async () => exitWith(await (await import('./commands/hook.js')).prePush()));
program
  .command('logs <droplet>')
  .description("show a droplet's service log")
  .option('--unit <unit>', "default: the droplet's main service")
  .option('-f, --follow', 'go on')
  .option('-n, --lines <n>', 'how many lines back', '100')
  .action(async (name, options) => (await import('./commands/logs.js')).logs(name, options));

program
  .command('ssh <droplet> [command...]')
  .description('a shell on a droplet, or a command there: coalmine ssh prod-1 -- systemctl status app-server')
  .action(async (name, command) => (await import('./commands/ssh.js')).ssh(name, command));
program
  .command('tour')
  .description('the whole story on the local cloud, each promise checked and timed; under five minutes')
  .option('--json <file>', 'write what was promised and measured there')
  .option('--acts <numbers>', 'only these, comma-separated')
  .addHelpText('after', '\nExample:\n  $ coalmine tour --json tour.json')
  .action(async (options) => exitWith(await (await import('./commands/tour.js')).tour(options)));
addObserving(program, exitWith);
addFlags(program, exitWith);

try {
  await program.parseAsync();
} catch (error) {
  report(error);
  process.exitCode = 1;
}

function exitWith(good: boolean): void {
  if (!good) process.exitCode = 1;
}

/** What is wrong and the way out; the rest only where someone has to look for a bug of ours. */
function report(error: unknown): void {
  if ((error as Error).name === 'ConfigError') console.error((error as Error).message);
  else if (error instanceof Problem)
    console.error(`coalmine: ${error.message}${error.wayOut ? `\n→ ${error.wayOut}` : ''}`);
  else console.error(error);
}
