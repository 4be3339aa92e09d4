import { Option, type Command } from 'commander';

/** The commands for feature flags, over the flag service. */
export function addFlags(program: Command, exitWith: (good: boolean) => void): void {
  const flag = program.command('flag').description('feature flags: look at them, change them, undo it');
  const commands = () => import('./commands/flag.js');
  const command = (usage: string, description: string, example: string): Command =>
    flag
      .command(usage)
      .description(description)
      .option('--json', 'for machines')
      .addHelpText('after', `\nExample:\n  $ coalmine flag ${example}`);
  const environment = (one: Command): Command =>
    one.addOption(new Option('--environment <name>', 'only there').choices(['prod', 'canary']));
  const changing = (one: Command): Command =>
    environment(one).option('--reason <text>', 'why: kept in the history');

  environment(command('list', 'all flags', 'list --stale'))
    .option('--stale', 'only those past their expiry date')
    .option('--search <text>', 'in key, owner and description')
    .action(async (options) => (await commands()).list(options));
  environment(
    command('get <key>', 'a flag; or what a user would get, and why', 'get search --user ann@example.com'),
  )
    .option('--user <key>', 'the targeting key')
    .option('--context <json>', 'more of the context that the targeting looks at')
    .action(async (key, options) => (await commands()).get(key, options));
  changing(
    command(
      'set <key> [file]',
      'set a flag, from a file (- for what is piped in) or by options; a new one is boolean and off',
      'set search --rollout 25 --owner ann --expires 2027-01-31 --reason "first users"',
    ),
  )
    .option('--variant <name>', 'what everybody gets whom no targeting concerns')
    .option(
      '--rollout <percent>',
      'the share of the users that have it; who has it keeps it as the share grows',
    )
    .option('--kill', 'off for everybody at once')
    .option('--revive', 'as it was before it was killed')
    .option('--on-at <time>', 'off before; "" for no such time')
    .option('--off-at <time>', 'off from then on')
    .option('--owner <name>')
    .option('--description <text>')
    .option('--expires <date>', 'when nobody should need it any more')
    .option('--delete', 'delete it; with --environment what it is there only')
    .action(async (key, file, options) => (await import('./commands/flag-set.js')).set(key, file, options));
  changing(command('toggle <key>', 'the other of two values', 'toggle tokens --reason "too slow"')).action(
    async (key, options) => (await commands()).toggle(key, options),
  );
  changing(command('history <key>', 'who changed it, when, from what, to what and why', 'history tokens'))
    .option('--undo <id>', 'take this change back')
    .action(async (key, options) => (await commands()).history(key, options));
  command('usages [key...]', 'where the code asks for them; exit code 1 if one is not used', 'usages').action(
    async (keys, options) => exitWith(await (await commands()).usages(keys, options)),
  );
  environment(command('export [file]', 'all flags as a file for flagd', 'export flags.flagd.json'))
    .option('--effective', 'kill switches and schedules in flagd’s own terms')
    .action(async (file, options) => (await commands()).exportFile(file, options));
  command('import <file>', 'set all flags of a flagd file, or none', 'import flags.flagd.json')
    .option('--reason <text>', 'why: kept in the history')
    .action(async (file, options) => (await commands()).importFile(file, options));
}
