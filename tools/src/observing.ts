import type { Command } from 'commander';

/** The commands for who watches a fleet: alerts, events, top, mail. */
export function addObserving(program: Command, exitWith: (good: boolean) => void): void {
  const alerts = program.command('alerts').description('what is wrong, and what nobody wants to be told of');
  const alertsCommand = () => import('./commands/alerts.js');
  alerts
    .command('list')
    .option('--all', 'also those that are over')
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  $ coalmine alerts list --all')
    .action(async (options) => (await alertsCommand()).list(options));
  alerts
    .command('silence')
    .description('no mail about what is named; the proxies do not care')
    .option('--host <droplet>')
    .option('--pool <pool>')
    .option('--rule <rule>', 'cpu, memory, down, no-data, or one of your own')
    .option('--for <time>', 'such as 30m', '1h')
    .option('--why <text>', 'kept in the log')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      '\nExample:\n  $ coalmine alerts silence --host prod-1 --rule cpu --for 30m --why "load test"',
    )
    .action(async (options) => (await alertsCommand()).silence(options));
  alerts
    .command('unsilence <id>')
    .addHelpText('after', '\nExample:\n  $ coalmine alerts unsilence 1f2e3d4c')
    .action(async (id) => (await alertsCommand()).unsilence(id));
  program
    .command('events')
    .description('who did what, when, to what, and why')
    .option('-f, --follow', 'go on')
    .option('-n, --lines <n>', 'how many back', '20')
    .option('--json', 'for machines: one object a line')
    .addHelpText('after', '\nExample:\n  $ coalmine events --follow')
    .action(async (options) => (await import('./commands/events.js')).events(options));
  program
    .command('top')
    .description('traffic, rollout, autoscaling and load, live in the terminal')
    .option('--once', 'one frame')
    .option('--json', 'for machines: one object a line')
    .addHelpText('after', '\nExample:\n  $ coalmine top --once')
    .action(async (options) => (await import('./commands/top.js')).top(options));
  program
    .command('prometheus')
    .description('the targets of the fleet, for file_sd_configs of a Prometheus')
    .option('--out <file>', 'write them there')
    .option('--every <seconds>', 'and again and again (with --out)')
    .addHelpText('after', '\nExample:\n  $ coalmine prometheus --out /etc/prometheus/targets/coalmine.json')
    .action(async (options) => (await import('./commands/prometheus.js')).prometheus(options));
  program
    .command('mail')
    .description('mail about alerts')
    .command('test')
    .description('send a test to every receiver of alerts, from a droplet, as an alert would go')
    .option('--from <droplet>', "default: the controller's")
    .option('--json', 'for machines')
    .addHelpText('after', '\nExample:\n  $ coalmine mail test --from prod-1')
    .action(async (options) => exitWith(await (await import('./commands/mail.js')).mailTest(options)));
}
