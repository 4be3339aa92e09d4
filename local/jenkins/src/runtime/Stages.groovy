package coalmine

class Stages {
  /** The `stage` step: a block with a name, a time and a status of its own. */
  static Object run(String name, Closure body) {
    Scope scope = Scope.current().derive()
    StageRun stage = new StageRun(name, scope.stage)
    scope.stage = stage
    Throwable error = null
    try {
      return Steps.block('stage', scope, name) { body.call() }
    } catch (Throwable thrown) {
      error = thrown
      throw thrown
    } finally {
      stage.end(stage.skipped && error == null ? 'NOT_EXECUTED' : Result.stageStatus(Result.worst(stage.result, Result.of(error))))
    }
  }
}

/** Branches on threads of their own. All end; then the first error is thrown, the worst result wins. */
class Parallel {
  static Map run(Map given) {
    Map branches = given.findAll { it.value instanceof Closure }
    boolean failFast = given.failFast as boolean
    CancelToken token = new CancelToken(Scope.current().token)
    FlowInterruptedException failedElsewhere = new FlowInterruptedException('ABORTED', 'Failed in another branch')
    List<Throwable> errors = Collections.synchronizedList([])
    Map values = Collections.synchronizedMap([:])
    Channel.log('[Pipeline] parallel')
    List<Thread> threads = branches.collect { name, body ->
      Scope scope = Scope.current().derive()
      scope.token = failFast ? token : new CancelToken(token)
      Channel.log("[Pipeline] { (Branch: ${name})")
      Thread thread = new Thread({
        Scope.enter(scope)
        try {
          values[name] = body.call()
        } catch (Throwable error) {
          errors << error
          Channel.log("Failed in branch ${name}")
          if (failFast && errors.size() == 1) {
            token.cancel(failedElsewhere)
          }
        } finally {
          Channel.log('[Pipeline] }')
        }
      } as Runnable, name as String)
      thread.start()
      thread
    }
    threads*.join()
    Channel.log('[Pipeline] // parallel')
    if (errors) {
      // Of several errors the worst result is that of the whole; branches that failFast has ended do not count.
      Throwable worst = (errors.findAll { !it.is(failedElsewhere) } ?: errors).max { Result.ORDER.indexOf(Result.of(it)) }
      errors.each { Scope.current().token.markDelivered(it) }
      throw worst
    }
    values
  }
}
