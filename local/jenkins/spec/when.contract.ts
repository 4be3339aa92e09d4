import { Controller, pipeline, scmXml, type Finished } from './controller.js';

/** A stage that says its name if its condition holds. */
function conditional(name: string, when: string): string {
  return `stage('${name}') {\nwhen {\n${when}\n}\nsteps { echo 'ran ${name}' }\n}`;
}

const holds: Record<string, string> = {
  'expression is Groovy’s truth': "expression { 'false' }",
  'branch compares BRANCH_NAME by glob': "branch 'feature/*'",
  'branch compares by regular expression when told so': "branch pattern: 'fea.+', comparator: 'REGEXP'",
  'environment compares a variable': "environment name: 'COLOR', value: 'red'",
  'environment may ignore case': "environment name: 'COLOR', value: 'RED', ignoreCase: true",
  'equals compares two values': 'equals expected: 3, actual: 1 + 2',
  'tag compares TAG_NAME': "tag 'v1.*'",
  'buildingTag is true with TAG_NAME': 'buildingTag()',
  'changeRequest is true with CHANGE_ID': 'changeRequest()',
  'changeRequest compares what it is told to':
    "changeRequest target: 'main', author: 'm?', comparator: 'GLOB'",
  'triggeredBy names the cause': "triggeredBy 'UserIdCause'",
  'triggeredBy compares the detail': "triggeredBy cause: 'UserIdCause', detail: 'ADMIN'",
  'not is true when its condition is not': "not { branch 'main' }",
  'anyOf needs one': "anyOf {\n branch 'main'\n environment name: 'COLOR', value: 'red'\n}",
  'allOf needs all': "allOf {\n branch 'feature/x'\n environment name: 'COLOR', value: 'red'\n}",
  'several conditions are ANDed': "branch 'feature/x'\nexpression { env.COLOR == 'red' }",
};

const fails: Record<string, string> = {
  'expression is false for an empty text': "expression { '' }",
  'a glob’s star stays within a part of the name': "branch 'f*'",
  'environment compares exactly': "environment name: 'COLOR', value: 'RED'",
  'equals knows types': "equals expected: 3, actual: '3'",
  'one false condition is enough': "branch 'feature/x'\nexpression { false }",
  'allOf fails with one that fails': "allOf {\n branch 'feature/x'\n branch 'main'\n}",
  'isRestartedRun is false: there are no restarts': 'isRestartedRun()',
  'changeRequest fails where a detail differs': "changeRequest target: 'other'",
  'changeset is false with no changes': "changeset '**'",
};

describe('Declarative Pipelines on local/jenkins,', () => {
  const controller = new Controller();

  beforeAll(() => controller.start(), 30_000);
  afterAll(() => controller.remove());

  async function build(name: string, script: string): Promise<Finished> {
    await controller.inline(name, script);
    return controller.run(name);
  }

  describe('when:', () => {
    let log = '';
    beforeAll(async () => {
      const all = Object.entries({ ...holds, ...fails });
      const environment =
        "environment { COLOR = 'red'\nBRANCH_NAME = 'feature/x'\nTAG_NAME = 'v1.2'\nCHANGE_ID = '7'\nCHANGE_TARGET = 'main'\nCHANGE_AUTHOR = 'me' }";
      const outside =
        "stage('late') {\nagent any\nwhen { expression { false } }\nsteps { echo 'x' }\n}\nstage('early') {\nagent { label 'early' }\nwhen { beforeAgent true\nexpression { false } }\nsteps { echo 'x' }\n}";
      const script = pipeline(
        `${all.map(([name, when]) => conditional(name, when)).join('\n')}\n${outside}`,
        environment,
      );
      ({ log } = await build('when', script));
    }, 30_000);

    for (const rule of Object.keys(holds)) it(rule, () => expect(log).toContain(`ran ${rule}`));
    for (const rule of Object.keys(fails)) {
      it(rule, () => expect(log).toContain(`Stage "${rule}" skipped due to when conditional`));
    }
    it('is evaluated before the agent only when it says so', () =>
      expect(log).not.toContain('Label ‘early’'));

    it('branch is false where nothing tells the branch, as in any plain pipeline job', async () => {
      const plain = await build('plain', pipeline(conditional('on a branch', "branch '*'")));
      expect(plain.log).toContain('Stage "on a branch" skipped');
    }, 30_000);

    it('changeset and changelog look at the commits since the build before', async () => {
      const jenkinsfile = pipeline(
        [
          conditional('documents', "changeset 'docs/*.md'"),
          conditional('code', "changeset pattern: 'src/.*', comparator: 'REGEXP'"),
          conditional('release', "changelog '.*release.*'"),
        ].join('\n'),
      );
      const url = controller.repository('changes', { Jenkinsfile: jenkinsfile });
      await controller.client.job.create('changes', scmXml(url, []));
      expect((await controller.run('changes')).log).not.toContain('ran ');
      controller.commit(url, { 'docs/a.md': 'x' }, 'for the release');
      const { log: second } = await controller.run('changes');
      expect(second).toContain('ran documents');
      expect(second).toContain('ran release');
      expect(second).not.toContain('ran code');
    }, 30_000);
  });
});
