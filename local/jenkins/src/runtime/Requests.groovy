package coalmine

import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger

/** What a pipeline asks of the controller: another job's build, a lock, a milestone. */
class Requests {
  private static final Map<String, Map> pending = new ConcurrentHashMap<String, Map>()
  private static final AtomicInteger last = new AtomicInteger()

  static void register() {
    Steps.define('build', ['job!:text', 'parameters', 'wait:boolean', 'propagate:boolean', 'quietPeriod:int', 'waitForStart:boolean']) { Map given -> build(given) }
    Steps.define('lock', ['resource', 'label', 'quantity', 'variable', 'inversePrecedence', 'skipIfLocked', 'extra'], true) { Map given, Closure body -> lock(given, body) }
    Steps.define('milestone', ['ordinal', 'label']) { Map given -> milestone(given) }
  }

  /** Waits for the controller's answer; a cancellation ends the wait. */
  static Map ask(Map request) {
    String id = "r${last.incrementAndGet()}"
    Map question = new ConcurrentHashMap()
    pending[id] = question
    try {
      Channel.send(request + [t: 'ask', id: id])
      while (!question.answer) Scope.current().token.pause(50)
    } finally {
      pending.remove(id)
    }
    if (question.answer.error) throw new AbortException(question.answer.error as String)
    question.answer as Map
  }

  static void answer(Map command) {
    Map question = pending[command.id as String]
    if (question != null) question.answer = command
  }

  private static Object build(Map given) {
    Channel.log("Scheduling project: ${given.job}")
    Map parameters = (given.parameters ?: []).collectEntries { [(it.name as String): it.value] }
    boolean wait = given.wait != false
    Map done = ask([what: 'build', job: given.job as String, parameters: parameters, wait: wait])
    if (!wait) return null
    String name = "${given.job} #${done.number}"
    Channel.log("Build ${name} completed: ${done.result}")
    if (given.propagate != false && done.result != 'SUCCESS') {
      throw new FlowInterruptedException(done.result as String, "${name} completed with status ${done.result} (propagate: false to ignore)", false)
    }
    new OtherBuild(done, [])
  }

  private static Object lock(Map given, Closure body) {
    String resource = given.resource ?: given.label
    if (!resource) throw new AbortException('Either resource or label must be specified.')
    Channel.log('[Pipeline] lock')
    Channel.log("Trying to acquire lock on [Resource: ${resource}]")
    ask([what: 'lock', resource: resource])
    Channel.log("Lock acquired on [Resource: ${resource}]")
    try {
      return Steps.inBraces('lock', given.variable ? Scope.current().withEnv([(given.variable as String): resource]) : Scope.current().derive(), body)
    } finally {
      Channel.send([t: 'ask', id: 'none', what: 'unlock', resource: resource])
      Channel.log("Lock released on resource [Resource: ${resource}]")
    }
  }

  private static Object milestone(Map given) {
    int ordinal = given.ordinal == null ? Build.nextMilestone() : given.ordinal as int
    Build.lastMilestone = ordinal
    Channel.log("Trying to pass milestone ${ordinal}")
    Map answer = ask([what: 'milestone', ordinal: ordinal])
    if (answer.superseded) throw new FlowInterruptedException('NOT_BUILT', "Canceled since #${answer.superseded} already got here")
    null
  }
}

/** Another build, as Jenkins' RunWrapper shows one. */
class OtherBuild {
  private final Map build
  private final List<Map> earlier

  OtherBuild(Map build, List<Map> earlier) {
    this.build = build
    this.earlier = earlier
  }

  static OtherBuild first(List<Map> all, Closure<Boolean> wanted) {
    int at = all.findIndexOf(wanted)
    at < 0 ? null : new OtherBuild(all[at], all.drop(at + 1))
  }

  int getNumber() { this.@build.number as int }

  String getId() { number as String }

  String getResult() { this.@build.result }

  String getCurrentResult() { result ?: 'SUCCESS' }

  String getDisplayName() { this.@build.displayName }

  String getFullDisplayName() { "${projectName} ${displayName}" }

  String getProjectName() { this.@build.projectName }

  String getFullProjectName() { projectName }

  String getDescription() { this.@build.description }

  String getAbsoluteUrl() { this.@build.absoluteUrl }

  long getDuration() { this.@build.duration as long }

  String getDurationString() { Words.duration(duration) }

  long getTimeInMillis() { this.@build.timeInMillis as long }

  long getStartTimeInMillis() { timeInMillis }

  Map getBuildVariables() { this.@build.buildVariables as Map }

  boolean resultIsBetterOrEqualTo(String other) { Result.ORDER.indexOf(currentResult) <= Result.ORDER.indexOf(other) }

  boolean resultIsWorseOrEqualTo(String other) { Result.ORDER.indexOf(currentResult) >= Result.ORDER.indexOf(other) }

  OtherBuild getPreviousBuild() { first(this.@earlier) { true } }

  OtherBuild getPreviousSuccessfulBuild() { first(this.@earlier) { it.result in ['SUCCESS', 'UNSTABLE'] } }

  OtherBuild getPreviousFailedBuild() { first(this.@earlier) { it.result == 'FAILURE' } }

  OtherBuild getPreviousCompletedBuild() { first(this.@earlier) { !it.building } }

  OtherBuild getPreviousNotFailedBuild() { first(this.@earlier) { !it.building && it.result != 'FAILURE' } }
}
