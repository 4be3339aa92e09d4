package coalmine

/** The one build that this process runs. */
class Build {
  static Map config
  static String result
  static Map<String, Object> params = [:]
  /** Variables that the pipeline has set with `env.X = …`. */
  static final Map<String, String> assignedEnv = Collections.synchronizedMap([:])
  static int lastMilestone = 0
  static final CancelToken root = new CancelToken()
  static GroovyClassLoader loader
  static PipelineScript script
  static final CurrentBuild currentBuild = new CurrentBuild()

  static synchronized void worsen(String other) {
    String worse = Result.worst(result, other)
    if (worse == 'SUCCESS' && result == null && other == null) return
    result = worse
    Channel.send([t: 'result', result: result])
  }

  /** The environment of a step: controller, parameters, `env.X = …`, then the enclosing blocks. */
  static Map<String, String> environment() {
    Map<String, String> all = [:]
    all.putAll(config.env)
    params.each { name, value -> if (value != null) all[name as String] = value as String }
    synchronized (assignedEnv) {
      all.putAll(assignedEnv)
    }
    Scope scope = Scope.current()
    if (scope) {
      if (scope.stage) all.STAGE_NAME = scope.stage.name
      all.putAll(scope.env)
    }
    all
  }

  static int nextMilestone() { lastMilestone + 1 }

  static String directory() {
    requireNode()
    Scope.current().directory
  }

  static void requireNode() {
    if (!Scope.current().node) {
      throw new AbortException('Attempted to execute a step that requires a node context while ‘agent none’ was specified. ' +
        'Be sure to specify your own ‘node { ... }’ blocks when using ‘agent none’.')
    }
  }
}
