package coalmine

/** The options, parameters, triggers, conditions and tools that Declarative knows; null where arguments are not checked. */
class Known {
  static final List<String> TOOLS = ['ant', 'git', 'gradle', 'jdk', 'maven', 'nodejs']
  static final List<String> INPUT = ['message', 'id', 'ok', 'submitter', 'submitterParameter', 'parameters']
  static final List<String> BEFORE = ['beforeAgent', 'beforeInput', 'beforeOptions']

  static final Map<String, Step> OPTIONS = table([
    ansiColor: null, authorizationMatrix: null, buildDiscarder: null, catchError: null,
    checkoutToSubdirectory: ['subdirectory!:text'], copyArtifactPermission: null,
    disableConcurrentBuilds: ['abortPrevious:boolean'], disableRestartFromStage: [], disableResume: [], durabilityHint: null,
    lock: null, newContainerPerStage: ['value'], overrideIndexTriggers: null, parallelsAlwaysFailFast: ['value'],
    preserveStashes: ['buildCount:int'], quietPeriod: ['quietPeriod!:int'], rateLimitBuilds: null, retry: ['count!:int', 'conditions'],
    script: null, skipDefaultCheckout: ['value'], skipStagesAfterUnstable: ['value'], throttleJobProperty: null,
    timeout: ['time!:int', 'unit', 'activity:boolean'], timestamps: [], waitUntil: null, warnError: null,
    withCredentials: null, withEnv: null, ws: null,
  ])
  static final Map<String, Step> STAGE_OPTIONS = OPTIONS.subMap(['ansiColor', 'catchError', 'checkoutToSubdirectory', 'lock', 'retry',
    'script', 'skipDefaultCheckout', 'timeout', 'timestamps', 'waitUntil', 'warnError', 'withCredentials', 'withEnv', 'ws'])
  static final Map<String, Step> PARAMETERS = table([
    booleanParam: ['name!:text', 'defaultValue:boolean', 'description:text'],
    choice: ['name!:text', 'choices', 'description:text'],
    credentials: null, file: ['name!:text', 'description:text'],
    password: ['name!:text', 'defaultValue:text', 'defaultValueAsSecret', 'description:text'],
    run: null,
    string: ['name!:text', 'defaultValue:text', 'description:text', 'trim:boolean'],
    text: ['name!:text', 'defaultValue:text', 'description:text', 'trim:boolean'],
  ])
  static final Map<String, Step> TRIGGERS = table([
    cron: ['spec!:text'], githubPush: [], pollSCM: ['scmpoll_spec!:text', 'ignorePostCommitHooks:boolean'], upstream: null,
  ])
  static final Map<String, Step> CONDITIONS = table([
    allOf: null, anyOf: null,
    branch: ['pattern!:text', 'comparator:text'],
    buildingTag: [],
    changeRequest: ['id', 'target', 'branch', 'fork', 'url', 'title', 'author', 'authorDisplayName', 'authorEmail', 'comparator'],
    changelog: ['pattern!:text'],
    changeset: ['pattern!:text', 'comparator:text', 'caseSensitive:boolean'],
    environment: ['name!:text', 'value!:text', 'ignoreCase:boolean'],
    equals: ['expected!', 'actual!'],
    expression: null, isRestartedRun: [], not: null,
    tag: ['pattern:text', 'comparator:text'],
    triggeredBy: ['cause!:text', 'detail:text'],
  ])

  private static Map<String, Step> table(Map<String, List<String>> all) {
    all.collectEntries { name, parameters -> [name, parameters == null ? null : Step.of(name as String, parameters)] } as Map<String, Step>
  }
}
