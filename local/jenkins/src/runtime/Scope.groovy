package coalmine

import groovy.transform.CompileStatic

/** What holds for the steps inside a block: environment, directory, node, stage. Copied for each block and branch. */
@CompileStatic
class Scope {
  private static final InheritableThreadLocal<Scope> CURRENT = new InheritableThreadLocal<Scope>()

  Map<String, String> env = [:]
  String directory
  boolean node = false
  boolean timestamps = false
  StageRun stage
  CancelToken token

  static Scope current() {
    CURRENT.get()
  }

  static void enter(Scope scope) {
    CURRENT.set(scope)
  }

  Scope derive() {
    new Scope(env: env, directory: directory, node: node, timestamps: timestamps, stage: stage, token: token)
  }

  Scope withEnv(Map<String, String> more) {
    Scope scope = derive()
    scope.env = new LinkedHashMap<String, String>(env)
    scope.env.putAll(more)
    scope
  }

  /** Runs the body in this scope and comes back to the one before. */
  def <T> T run(Closure<T> body) {
    Scope before = current()
    CURRENT.set(this)
    try {
      return body.call()
    } finally {
      CURRENT.set(before)
    }
  }
}

/** A stage as it runs; each change is told to the controller. */
@CompileStatic
class StageRun {
  private static int last = 0
  final int id
  final String name
  final StageRun parent
  private final long start = System.currentTimeMillis()
  /** The stage's own worst result, from `unstable`, `catchError(stageResult:)` and `junit`. */
  volatile String result = 'SUCCESS'

  volatile boolean skipped = false

  StageRun(String name, StageRun parent) {
    this.id = nextId()
    this.name = name
    this.parent = parent
    tell('IN_PROGRESS', 0)
  }

  static synchronized void reset() {
    last = 0
  }

  private static synchronized int nextId() {
    ++last
  }

  /** A stage is no better than what is in it. */
  void worsen(String other) {
    synchronized (this) {
      result = Result.worst(result, other)
    }
    parent?.worsen(other)
  }

  void end(String status) {
    tell(status, System.currentTimeMillis() - start)
  }

  private void tell(String status, long duration) {
    Channel.send([t: 'stage', id: id, parent: parent?.id, name: name, status: status, start: start, duration: duration])
  }
}

/** Results in Jenkins' order, best first. */
@CompileStatic
class Result {
  static final List<String> ORDER = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'NOT_BUILT', 'ABORTED']

  static String worst(String... results) {
    String worst = 'SUCCESS'
    for (String result : results) if (result != null && ORDER.indexOf(result) > ORDER.indexOf(worst)) worst = result
    worst
  }

  static String of(Throwable error) {
    if (error == null) return 'SUCCESS'
    error instanceof FlowInterruptedException ? ((FlowInterruptedException) error).result : 'FAILURE'
  }

  /** The same in the words of the stage view. */
  static String stageStatus(String result) {
    switch (result) {
      case 'FAILURE': return 'FAILED'
      case 'NOT_BUILT': return 'NOT_EXECUTED'
      default: return result
    }
  }
}
