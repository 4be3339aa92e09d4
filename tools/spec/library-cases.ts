/** How a step of the shared library is called, and what it then asks of the `coalmine` command. */
export interface StepCase {
  call: string;
  /** Arguments of `coalmine`, call after call; patterns where a commit stands in them. */
  asks: (string | RegExp)[];
  /** What the log must contain. */
  says?: string;
  /** True when the step has to refuse. */
  fails?: boolean;
}

const sha = '[0-9a-f]{40}';

/** Every var has at least one case here: `library.spec.ts` sees to that, `library.contract.ts` runs them. */
export const stepCases: Record<string, StepCase[]> = {
  // What it does as a whole Jenkinsfile stands in library.contract.ts.
  coalminePipeline: [
    { call: 'coalminePipeline colour: 1', asks: [], says: "unknown setting 'colour'", fails: true },
  ],
  deploy: [
    { call: "deploy target: 'canary', commit: 'abc'", asks: ['deploy --target canary --commit abc'] },
    { call: "deploy target: 'prod'", asks: [new RegExp(`^deploy --target prod --commit ${sha}$`)] },
    { call: 'deploy()', asks: [], says: 'deploy: target is missing', fails: true },
    {
      call: "deploy target: 'prod; echo called: rm', commit: '$(echo called: rm)'",
      asks: ['deploy --target prod; echo called: rm --commit $(echo called: rm)'],
    },
  ],
  describeBuild: [{ call: 'describeBuild()', asks: [] }],
  droplets: [
    { call: 'droplets()', asks: ['droplet list'] },
    { call: "droplets action: 'create', name: 'prod-2'", asks: ['droplet create prod-2'] },
    {
      call: "droplets action: 'explode'",
      asks: [],
      says: 'allowed: create, list, destroy',
      fails: true,
    },
  ],
  inventory: [{ call: 'inventory()', asks: ['inventory'] }],
  lint: [{ call: 'lint()', asks: ['lint'] }],
  notify: [
    { call: "notify result: 'FAILURE'", asks: ['notify --result FAILURE'] },
    {
      call: "withEnv(['FAIL_AT=notify']) { notify result: 'FAILURE' }",
      asks: ['notify --result FAILURE'],
      says: 'the notification was not sent',
    },
  ],
  packageRelease: [
    { call: "packageRelease commit: 'abc'", asks: ['package --commit abc'] },
    { call: "packageRelease commit: ''", asks: [new RegExp(`^package --commit ${sha}$`)] },
  ],
  playbook: [{ call: "playbook 'site'", asks: ['playbook site'] }],
  promote: [
    { call: 'promote()', asks: ['promote'] },
    { call: "promote commit: 'abc'", asks: ['promote --commit abc'] },
  ],
  publishReports: [{ call: 'publishReports()', asks: [], says: 'Recording test results' }],
  release: [
    {
      call: "release action: 'deploy', target: 'prod', commit: 'abc'",
      asks: ['deploy --target prod --commit abc'],
    },
    { call: "release action: 'rollback', target: 'none'", asks: ['rollback --target prod'] },
    { call: "release action: 'promote', target: 'none', commit: ''", asks: ['promote'] },
    { call: "release action: 'scale', count: '3'", asks: ['scale 3'] },
    { call: "release action: 'deploy', target: 'none'", asks: [], says: 'TARGET is none', fails: true },
    { call: "release action: 'dance'", asks: [], says: "unknown action 'dance'", fails: true },
  ],
  rollback: [
    { call: "rollback target: 'canary'", asks: ['rollback --target canary'] },
    { call: 'rollback()', asks: [], says: 'rollback: target is missing', fails: true },
  ],
  scale: [
    { call: 'scale count: 4', asks: ['scale 4'] },
    { call: "scale count: '2; reboot'", asks: [], says: 'expected a whole number', fails: true },
    { call: 'scale()', asks: [], says: "scale: count is ''", fails: true },
  ],
  specs: [{ call: 'specs()', asks: ['specs'] }],
  withFleetCredentials: [
    { call: 'withFleetCredentials { inventory() }', asks: ['inventory'] },
    {
      call: "withEnv(['COALMINE_CREDENTIALS=SMTP_URL=smtp']) { withFleetCredentials { sh 'coalmine got ${#SMTP_URL}' } }",
      asks: ['got 17'],
      says: 'Masking supported pattern matches of $SMTP_URL',
    },
    {
      call: "withFleetCredentials(OTHER: 'smtp') { sh 'coalmine got \"$OTHER\"' }",
      asks: ['got ****'],
    },
    {
      call: "withEnv(['COALMINE_CREDENTIALS=oops']) { withFleetCredentials { inventory() } }",
      asks: [],
      says: 'expected VARIABLE=credentials-id',
      fails: true,
    },
  ],
};
