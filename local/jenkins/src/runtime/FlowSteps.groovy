package coalmine

import java.util.concurrent.TimeUnit

class FlowSteps {
  static void register() {
    Steps.define('node', ['label'], true) { Map given, Closure body -> node(given.label as String, body) }
    Steps.define('stage', ['name!:text', 'concurrency'], true) { Map given, Closure body -> Stages.run(given.name as String, body) }
    Steps.define('script', [], true) { Map given, Closure body -> Steps.block('script', Scope.current().derive(), body) }
    Steps.define('parallel', []) { Map given -> Parallel.run(given) }
    Steps.define('timeout', ['time!:int', 'unit', 'activity:boolean'], true) { Map given, Closure body -> timeout(given, body) }
    Steps.define('retry', ['count!:int', 'conditions'], true) { Map given, Closure body -> retry(given.count as int, body) }
    Steps.define('sleep', ['time!:int', 'unit']) { Map given -> sleep(given) }
    Steps.define('waitUntil', ['initialRecurrencePeriod', 'quiet'], true) { Map given, Closure body -> waitUntil(given, body) }
    Steps.define('catchError', ['message', 'buildResult', 'stageResult', 'catchInterruptions'], true) { Map given, Closure body ->
      catchError('catchError', given, body)
    }
    Steps.define('warnError', ['message!', 'catchInterruptions'], true) { Map given, Closure body ->
      catchError('warnError', given + [buildResult: 'UNSTABLE', stageResult: 'UNSTABLE'], body)
    }
    Steps.define('unstable', ['message!:text']) { Map given ->
      Channel.log("WARNING: ${given.message}")
      Build.worsen('UNSTABLE')
      Scope.current().stage?.worsen('UNSTABLE')
    }
    Steps.define('timestamps', [], true) { Map given, Closure body -> timestamps(body) }
    Steps.define('ansiColor', ['colorMapName!'], true) { Map given, Closure body ->
      Steps.block('ansiColor', Scope.current().withEnv([TERM: given.colorMapName as String]), body)
    }
    Steps.define('properties', ['properties!']) { Map given -> JobProperties.set(given.properties as List) }
    Steps.define('wrap', ['delegate'], true) { Map given, Closure body -> body.call() }
  }

  static Object node(String label, Closure body) {
    Channel.log('[Pipeline] node')
    Channel.log("Running on Jenkins in ${Build.config.workspace}")
    if (label && !(label in ['any', 'built-in', 'master'])) Channel.log("Label ‘${label}’: there is one node here, this one")
    new File(Build.config.workspace as String).mkdirs()
    Scope scope = Scope.current().derive()
    scope.node = true
    scope.directory = Build.config.workspace
    Steps.inBraces('node', scope.withEnv([WORKSPACE: scope.directory, WORKSPACE_TMP: Build.config.temporary as String,
                                          NODE_NAME: 'built-in', NODE_LABELS: 'built-in']), body)
  }

  static Object timestamps(Closure body) {
    Scope scope = Scope.current().derive()
    scope.timestamps = true
    Steps.block('timestamps', scope, body)
  }

  static Object timeout(Map given, Closure body) {
    if (given.time == null) throw new AbortException('Missing required parameter: "time"')
    long millis = TimeUnit.valueOf((given.unit ?: 'MINUTES') as String).toMillis(given.time as long)
    CancelToken token = new CancelToken(Scope.current().token)
    Timer timer = new Timer(true)
    Scope scope = Scope.current().derive()
    scope.token = token
    Steps.block('timeout', scope) {
      Channel.log("Timeout set to expire in ${Words.duration(millis)}")
      timer.schedule({
        Scope.enter(scope)
        Channel.log('Cancelling nested steps due to timeout')
        token.cancel(new FlowInterruptedException('ABORTED', 'Timeout has been exceeded', false))
      } as TimerTask, millis)
      try {
        return body.call()
      } finally {
        timer.cancel()
      }
    }
  }

  static Object retry(int count, Closure body) {
    Steps.block('retry', Scope.current().derive()) {
      for (int attempt = 1; ; attempt++) {
        try {
          return body.call()
        } catch (Throwable error) {
          boolean stopped = error instanceof FlowInterruptedException && error.actual
          if (stopped || attempt >= count) throw error
          Channel.log("ERROR: ${error.message}")
          Channel.log('Retrying')
        }
      }
    }
  }

  private static void sleep(Map given) {
    long millis = TimeUnit.valueOf((given.unit ?: 'SECONDS') as String).toMillis(given.time as long)
    Channel.log("Sleeping for ${Words.duration(millis)}")
    Scope.current().token.pause(millis)
  }

  private static Object waitUntil(Map given, Closure body) {
    long pause = (given.initialRecurrencePeriod ?: 250) as long
    Steps.block('waitUntil', Scope.current().derive()) {
      while (!body.call()) {
        if (!given.quiet) Channel.log("Will try again after ${Words.duration(pause)}")
        Scope.current().token.pause(pause)
        pause = Math.min((long) (pause * 1.2), 15_000L)
      }
    }
  }

  private static Object catchError(String name, Map given, Closure body) {
    try {
      return Steps.block(name, Scope.current().derive(), body)
    } catch (Throwable error) {
      boolean interrupted = error instanceof FlowInterruptedException
      if (interrupted && given.catchInterruptions == false) throw error
      String buildResult = interrupted ? error.result : given.containsKey('buildResult') ? given.buildResult ?: 'SUCCESS' : 'FAILURE'
      String stageResult = interrupted ? error.result : given.containsKey('stageResult') ? given.stageResult ?: 'SUCCESS' : buildResult
      if (given.message) Channel.log("${name == 'warnError' ? 'WARNING' : 'ERROR'}: ${given.message}")
      Failure.log(error)
      if (buildResult != 'SUCCESS') {
        Channel.log("Setting overall build result to ${buildResult}")
        Build.worsen(buildResult)
      }
      Scope.current().stage?.worsen(stageResult)
      return null
    }
  }
}

/** How an error looks in the log: a message for an abort, a stack trace of the pipeline's own lines otherwise. */
class Failure {
  static void log(Throwable error) {
    if (error instanceof AbortException || error instanceof FlowInterruptedException) {
      Channel.log("ERROR: ${error.message}")
      return
    }
    Channel.log(error.class.name + (error.message ? ": ${error.message}" : ""))
    error.stackTrace.findAll { it.fileName?.endsWith('.groovy') && !it.className.startsWith('coalmine.') || it.fileName == 'WorkflowScript' }
      .each { Channel.log("\tat ${it.className}.${it.methodName}(${it.fileName}:${it.lineNumber})") }
  }
}
