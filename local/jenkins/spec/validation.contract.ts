import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Controller } from './controller.js';
import { stages, type Rules } from './stage-rules.js';

const valid = resolve(import.meta.dirname, '../../spec/valid.Jenkinsfile');

const root: Rules = {
  'an agent is of a known type': [
    "agent { ▲cloud 'x' }",
    'Invalid agent type "cloud" specified. Must be one of [any, docker, dockerfile, label, none]',
  ],
  'environment holds pairs': ["▲environment { A = 'b'\n echo }", 'Expected name=value pairs'],
  'options are known': ['options { timeout(▲tim: 3) }', 'Invalid parameter "tim", did you mean "time"?'],
  'parameters are known': [
    "parameters { ▲number(name: 'x') }",
    'Invalid parameter type "number". Valid parameter types: [booleanParam, choice, credentials, file, password, run, string, text]',
  ],
  'triggers are not empty': ['▲triggers { }', 'triggers can not be empty'],
  'sections are known': ['▲steps { }', 'Undefined section "steps"'],
  'sections that were renamed are named': [
    '▲properties { }',
    'The ‘properties’ section has been renamed as of version 0.8. Use ‘options’ instead.',
  ],
  'a section needs its configuration': [
    "▲'x'",
    'Not a valid section definition: "\'x\'". Some extra configuration is required.',
  ],
};

const variables: Rules = {
  'a variable stands once': ["B = '1'\n ▲B = '2'", 'Duplicate environment variable name: "B"'],
  'a value is a text or a call': [
    'C = ▲[1]',
    'Environment variable values must either be single quoted, double quoted, or function calls.',
  ],
  'texts are only added': [
    "D = 'x' ▲- 'y'",
    'Environment variable values can only be joined together with ‘+’s.',
  ],
  'and only texts': [
    "E = 'x' + ▲[1]",
    'Environment variable values to be concatenated together must be single or double quoted.',
  ],
  'the id of credentials is a text': [
    'F = ▲credentials(3 + 4)',
    'Internal function call parameters must be strings.',
  ],
};

const whole = (pieces: string): string =>
  `pipeline {\nagent any\nstages {\nstage('whole') { steps { echo 'x' } }\n${pieces}\n}\n}\n`;
const files: [heading: string, rules: Rules, around: (pieces: string) => string][] = [
  ['a stage:', stages, whole],
  [
    'a pipeline:',
    root,
    (pieces) => `pipeline {\nstages {\nstage('a') { steps { echo 'x' } }\n}\n${pieces}\n}\n`,
  ],
  [
    'environment:',
    variables,
    (pieces) => whole('').replace('agent any', `agent any\nenvironment {\n${pieces}\n}`),
  ],
  [
    'a file:',
    { 'a pipeline has stages and an agent': ['▲pipeline {\n}', 'Missing required section "agent"'] },
    (pieces) => pieces,
  ],
  [
    'a library:',
    {
      'the pipeline in its call is read, too': [
        "def call() {\n pipeline {\n agent none\n stages {\n stage('a') {\n steps { ▲def x = 1 }\n }\n }\n }\n}",
        'Expected a step',
      ],
    },
    (pieces) => pieces,
  ],
];

describe('the validator of Declarative Pipelines,', () => {
  const controller = new Controller();

  beforeAll(() => controller.start(), 30_000);
  afterAll(() => controller.remove());

  async function validate(jenkinsfile: string): Promise<string> {
    const answer = await controller.fetch('/pipeline-model-converter/validate', {
      method: 'POST',
      body: new URLSearchParams({ jenkinsfile }),
    });
    return answer.text();
  }

  for (const [heading, rules, around] of files) {
    describe(heading, () => {
      const marked = around(
        Object.values(rules)
          .map(([piece]) => piece)
          .join('\n'),
      );
      let said = '';
      beforeAll(async () => {
        said = await validate(marked.replaceAll('▲', ''));
      }, 30_000);

      Object.entries(rules).forEach(([rule, [, message]], index) => {
        it(rule, () => {
          const before = marked
            .split('▲')
            .slice(0, index + 1)
            .join('');
          const line = before.split('\n').length;
          const column = (before.split('\n').at(-1) ?? '').length + 1;
          expect(said).toContain(`WorkflowScript: ${line}: ${message} @ line ${line}, column ${column}.\n`);
        });
      });
    });
  }

  it('takes what is right, and refuses what is no pipeline or no Groovy', async () => {
    expect(await validate(readFileSync(valid, 'utf8'))).toBe('Jenkinsfile successfully validated.\n');
    expect(await validate("node { echo 'x' }")).toContain("did not contain the 'pipeline' step");
    expect(await validate('pipeline {')).toMatch(
      /WorkflowScript: 1: unexpected token.* @ line 1, column 11\./,
    );
  }, 30_000);
});
