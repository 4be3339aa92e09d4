/** A rule: a piece of a Jenkinsfile with ▲ where the error must be shown, and Jenkins' words for it. */
export type Rules = Record<string, [piece: string, message: string]>;

/** What holds inside `stages {}`. */
export const stages: Rules = {
  'steps are calls of steps': ["stage('a1') { steps { ▲def x = 1 } }", 'Expected a step'],
  'no conditions among steps': ["stage('a2') { steps { ▲if (true) { echo 'x' } } }", 'Expected a step'],
  'nor inside a step with a block': ["stage('a3') { steps { dir('x') { ▲def y = 2 } } }", 'Expected a step'],
  'no calls on objects outside script': [
    "stage('a4') { steps { ▲currentBuild.setResult('FAILURE') } }",
    'Method calls on objects not allowed outside "script" blocks.',
  ],
  'no stage among steps': [
    "stage('a5') { steps { ▲stage('x') { echo 'y' } } }",
    'Invalid step "stage" used - not allowed in this context - The stage step cannot be used in Declarative Pipelines',
  ],
  'script needs a block': ["stage('a6') { steps { ▲script 'x' } }", 'Script step without a block'],
  'a step has the parameters it has': [
    "stage('b1') { steps { sh(▲scrip: 'x') } }",
    'Invalid parameter "scrip", did you mean "script"?',
  ],
  'what a step requires must be there': [
    "stage('b2') { steps { ▲writeFile(file: 'x') } }",
    'Missing required parameter: "text"',
  ],
  'a step without arguments may miss one too': [
    "stage('b3') { steps { ▲echo() } }",
    'Missing required parameter: "message"',
  ],
  'a number is a number': [
    "stage('b4') { steps { timeout(time: ▲'x') { echo 'y' } } }",
    'Expecting "int" for parameter "time" but got "x" of type class java.lang.String instead',
  ],
  'a text is a text': [
    "stage('b5') { steps { sh ▲4 } }",
    'Expecting "class java.lang.String" but got "4" of type class java.lang.Integer instead',
  ],
  'arguments without names are counted': [
    "stage('b6') { steps { ▲writeFile 'x', 'y', 'z' } }",
    '"writeFile" should have 2 arguments but has 3 arguments instead.',
  ],
  'a stage needs something to do': [
    "▲stage('c1') { agent any }",
    'Expected one of "steps", "stages", or "parallel" for stage "c1"',
  ],
  'and only one thing': [
    "▲stage('c2') { steps { echo 'x' }\n stages { stage('x') { steps { echo 'y' } } } }",
    'Only one of "matrix", "parallel", "stages", or "steps" allowed for stage "c2"',
  ],
  'steps stand in steps': [
    "▲stage('c3') { echo 'x' }",
    'Unknown stage section "echo". Starting with version 0.5, steps in a stage must be in a ‘steps’ block.',
  ],
  'a section of a stage stands once': [
    "▲stage('c4') { steps { echo 'x' }\n steps { echo 'y' } }",
    'Multiple occurrences of the steps section',
  ],
  'steps are not empty': ["stage('c5') { steps ▲{ } }", 'No steps specified for branch'],
  'stages are not empty': ["stage('c6') { ▲stages { } }", 'No stages specified'],
  'among stages there are stages only': ["▲echo 'x'", 'Expected a stage'],
  'siblings have names of their own': [
    "stage('c7') { ▲stages { stage('same') { steps { echo 'x' } }\n stage('same') { steps { echo 'y' } } } }",
    'Duplicate stage name: "same"',
  ],
  'a stage with parallel has no agent': [
    "stage('d1') { ▲agent any\n parallel { stage('x') { steps { echo 'y' } } } }",
    '"agent" is not allowed in stage "d1" as it contains parallel stages',
  ],
  'nor tools': [
    "stage('d2') { ▲tools { jdk 'x' }\n parallel { stage('x') { steps { echo 'y' } } } }",
    '"tools" is not allowed in stage "d2" as it contains parallel stages',
  ],
  'parallel is not nested': [
    "stage('d3') { parallel { stage('x') { ▲parallel { stage('y') { steps { echo 'z' } } } } } }",
    'Parallel stages or branches can only be included in a top-level stage.',
  ],
  'failFast is true or false': [
    "stage('d4') { ▲failFast 'yes'\n parallel { stage('x') { steps { echo 'y' } } } }",
    'Expected a boolean with failFast',
  ],
  'when has conditions': [
    "stage('e1') { ▲when { }\n steps { echo 'x' } }",
    'Empty when closure, remove the property or add some content.',
  ],
  'that are known': [
    "stage('e2') { when { ▲wednesday() }\n steps { echo 'x' } }",
    'Unknown conditional wednesday. Valid conditionals are: allOf, anyOf, branch, buildingTag, changeRequest, changelog, changeset, environment, equals, expression, isRestartedRun, not, tag, triggeredBy',
  ],
  'not has one condition': [
    "stage('e3') { when { ▲not { branch 'x'\n branch 'y' } }\n steps { echo 'x' } }",
    'Nested when condition "not" requires exactly 1 child condition(s).',
  ],
  'anyOf has at least one': [
    "stage('e4') { when { ▲anyOf { } }\n steps { echo 'x' } }",
    'Nested when condition "anyOf" requires at least one child condition.',
  ],
  'a condition has the parameters it has': [
    "stage('e5') { when { environment(name: 'X', ▲valeu: 'y') }\n steps { echo 'x' } }",
    'Invalid parameter "valeu", did you mean "value"?',
  ],
  'post has conditions': ["stage('f1') { steps { echo 'x' }\n ▲post { } }", 'post can not be empty'],
  'that are known there, too': [
    "stage('f2') { steps { echo 'x' }\n post { ▲sometimes { echo 'y' } } }",
    'Invalid condition "sometimes" - valid conditions are [always, changed, fixed, regression, aborted, success, unsuccessful, unstable, failure, notBuilt, cleanup]',
  ],
  'each condition stands once': [
    "stage('f3') { steps { echo 'x' }\n ▲post { always { echo 'y' }\n always { echo 'z' } } }",
    'Duplicate build condition name: "always"',
  ],
  'input has a message': [
    "stage('g1') { ▲input { ok 'x' }\n steps { echo 'y' } }",
    'No message specified for input',
  ],
  'a matrix has axes': [
    "stage('g2') { ▲matrix { stages { stage('x') { steps { echo 'y' } } } } }",
    'Missing required section "axes"',
  ],
  'an axis has different values': [
    "stage('g3') { matrix { axes { axis { name 'A'\n values 'a', ▲'a' } }\n stages { stage('x') { steps { echo 'y' } } } } }",
    'Duplicate axis value: "a"',
  ],
  'an option of a pipeline is none of a stage': [
    "stage('g4') { options { ▲buildDiscarder(logRotator(numToKeepStr: '1')) }\n steps { echo 'x' } }",
    'Invalid option type "buildDiscarder". Valid option types: [ansiColor, catchError, checkoutToSubdirectory, lock, retry, script, skipDefaultCheckout, timeout, timestamps, waitUntil, warnError, withCredentials, withEnv, ws]',
  ],
};
