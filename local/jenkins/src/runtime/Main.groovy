package coalmine

import groovy.json.JsonSlurperClassic
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.MultipleCompilationErrorsException
import org.codehaus.groovy.control.customizers.ImportCustomizer

/** One build: waits for its description on standard input, runs the Jenkinsfile, tells the controller all about it. */
class Main {
  static void main(String[] arguments) {
    Channel.open()
    warmUp()
    Channel.send([t: 'ready'])
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, 'UTF-8'))
    String line = commands.readLine()
    if (line == null) Runtime.runtime.halt(0)
    Map request = new JsonSlurperClassic().parseText(line) as Map
    if (request.t == 'validate') {
      Channel.send([t: 'validated', errors: Validator.errorsOf(request.script as String)])
      Runtime.runtime.halt(0)
    }
    Build.config = request
    listen(commands)
    run()
    Runtime.runtime.halt(0)
  }

  static CompilerConfiguration compiler() {
    CompilerConfiguration configuration = new CompilerConfiguration()
    configuration.scriptBaseClass = PipelineScript.name
    ImportCustomizer imports = new ImportCustomizer()
    imports.addImports('com.cloudbees.groovy.cps.NonCPS')
    imports.addImport('Library', 'coalmine.Library')
    configuration.addCompilationCustomizers(imports, new ShadowedNames())
    configuration
  }

  // The controller's end of the pipe closes when it dies: nothing of the build may outlive it.
  private static void listen(BufferedReader commands) {
    Thread thread = new Thread({
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        Map command = new JsonSlurperClassic().parseText(line) as Map
        if (command.t == 'abort') abort(command)
        if (command.t == 'input') Input.answer(command)
        if (command.t == 'answer') Requests.answer(command)
      }
      ShellProcess.killAll()
      Runtime.runtime.halt(1)
    } as Runnable)
    thread.daemon = true
    thread.start()
  }

  private static void abort(Map command) {
    Channel.log(command.message)
    Build.root.cancel(new FlowInterruptedException((command.result ?: 'ABORTED') as String, command.message as String))
  }

  private static void run() {
    Build.config.secrets.each { Channel.secrets.add(it as String) }
    Build.params.putAll(Build.config.params as Map)
    Scope.enter(new Scope(token: Build.root))
    Throwable error = null
    Channel.log('[Pipeline] Start of Pipeline')
    try {
      Build.loader = new GroovyClassLoader(Main.classLoader, compiler())
      ['src', 'vars'].each { Build.loader.addClasspath("${Build.config.library}/${it}") }
      CompilerConfiguration configuration = compiler()
      configuration.addCompilationCustomizers(new Validator())
      GroovyShell shell = new GroovyShell(Build.loader, new Binding(), configuration)
      Build.script = shell.parse(Build.config.script as String, 'WorkflowScript') as PipelineScript
      Build.script.run()
    } catch (Throwable thrown) {
      error = thrown
    }
    Channel.log('[Pipeline] End of Pipeline')
    Scope.enter(new Scope(token: new CancelToken()))
    if (error instanceof MultipleCompilationErrorsException) Channel.log("${error.class.name}: ${error.message}")
    else if (error != null) Failure.log(error)
    Channel.send([t: 'end', result: Result.worst(Build.result, Result.of(error)), error: error?.message])
  }

  /** Loads what every build needs, so that a waiting process starts one at once. */
  private static void warmUp() {
    Steps.ALL.size()
    ReportSteps.warmUp()
    Build.config = [env: [:], build: [history: []], library: '/nonexistent', workspace: '/', temporary: '/tmp', credentials: [], scm: [:]]
    Build.loader = new GroovyClassLoader(Main.classLoader, compiler())
    Scope.enter(new Scope(token: new CancelToken(), node: true, directory: '/'))
    Channel.muted = true
    CompilerConfiguration configuration = compiler()
    configuration.addCompilationCustomizers(new Validator())
    Build.script = new GroovyShell(Build.loader, new Binding(), configuration).parse(WARM, 'WorkflowScript') as PipelineScript
    Build.script.run()
    Build.params.clear()
    Build.assignedEnv.clear()
    Build.result = null
    Build.script = null
    StageRun.reset()
    Channel.muted = false
  }

  private static final String WARM = '''
pipeline {
  agent any
  options { skipDefaultCheckout(); timeout(time: 1, unit: 'MINUTES') }
  parameters { string(name: 'A', defaultValue: 'b', description: '') }
  environment { X = "${params.A}" }
  stages {
    stage('one') {
      when { expression { params.A == 'b' } }
      steps { echo "hi ${env.X}"; sh 'true'; script { def x = [1].collect { it + 1 } } }
    }
    stage('two') { parallel { stage('a') { steps { echo 'a' } }
      stage('b') { steps { withEnv(['Y=1']) { echo 'b' } } } } }
  }
  post { always { echo 'done' } }
}
'''
}
