// Runs every case of the shared library under Jenkins' own CPS transformation, with steps that only suspend: at each step
// the program is serialized, as Jenkins does it. Prints a line a case; ends with 1 if one is wrong.
import com.cloudbees.groovy.cps.Continuable
import com.cloudbees.groovy.cps.Continuation
import com.cloudbees.groovy.cps.CpsTransformer
import com.cloudbees.groovy.cps.Outcome
import com.cloudbees.groovy.cps.SerializableScript
import com.cloudbees.groovy.cps.impl.CpsCallableInvocation
import groovy.json.JsonSlurperClassic
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.customizers.ImportCustomizer

/** A Jenkinsfile or a var: other names are vars or steps. */
abstract class Pipeline extends SerializableScript {
  static GroovyClassLoader library
  static File vars
  static List steps = []
  static Map env = [:]

  Object invokeMethod(String name, Object given) {
    Object[] list = given instanceof Object[] ? given : [given] as Object[]
    if (new File(vars, "${name}.groovy").file) {
      Object step = library.loadClass(name).newInstance()
      return named(name) { step.getMetaClass().invokeMethod(step, 'call', list) }
    }
    steps << name
    if (name == 'error') throw new IllegalStateException(list[0] as String)
    if (name == 'withEnv') list[0].each { pair -> env.put(*(pair as String).split('=', 2)) }
    Object body = list ? list.last() : null
    named(name) { body instanceof Closure ? body.call() : Continuable.suspend(name) }
  }

  Object getProperty(String name) {
    if (name == 'env') return env
    if (name == 'params') return [ACTION: 'build', BRANCH: 'main', TARGET: 'none', COMMIT: '', COUNT: '']
    if (name == 'currentBuild') return [currentResult: 'SUCCESS', result: null]
    super.getProperty(name)
  }

  // Jenkins' steps bear their own names; what we call on their behalf bears others, which would count as a mismatch.
  private static Object named(String name, Closure call) {
    try {
      return call.call()
    } catch (CpsCallableInvocation invocation) {
      throw new CpsCallableInvocation(name, invocation.@call, invocation.@receiver, invocation.@arguments as Object[])
    }
  }
}

CompilerConfiguration configuration = new CompilerConfiguration()
configuration.scriptBaseClass = Pipeline.name
configuration.addCompilationCustomizers(new ImportCustomizer().addStarImports('com.cloudbees.groovy.cps'), new CpsTransformer())
Pipeline.library = new GroovyClassLoader(Pipeline.classLoader, configuration)
Pipeline.vars = new File(args[1])
Pipeline.library.addClasspath(args[1])
GroovyShell shell = new GroovyShell(Pipeline.library, new Binding(), configuration)

/** What is wrong with a piece of pipeline under CPS; and what it threw. */
Closure tried = { String text ->
  List wrong = []
  Throwable thrown = null
  Pipeline.steps = []
  Pipeline.env = [GIT_COMMIT: 'a' * 40, BUILD_NUMBER: '1']
  CpsCallableInvocation.registerMismatchHandler({ String expected, String actual ->
    wrong << "expected to call ${expected} but wound up catching ${actual}"
  } as CpsCallableInvocation.MismatchHandler)
  try {
    Continuable program = new Continuable(shell.parse(text))
    Outcome outcome = program.run0(new Outcome(null, null))
    while (program.resumable) {
      new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(program)
      outcome = program.run0(new Outcome(null, null))
    }
    outcome.replay()
  } catch (NotSerializableException cannot) {
    wrong << "cannot be kept over a step: ${cannot.message}"
  } catch (Throwable error) {
    thrown = error instanceof java.lang.reflect.InvocationTargetException ? error.cause : error
  }
  [wrong: wrong, thrown: thrown]
}

int bad = 0
// A transformation that lets this pass is not the one that Jenkins has.
if (!tried("def names = ['b', 'a']\nnames.sort { it }\necho names[0]").wrong) {
  println '✗ a closure given to sort is not noticed: the check itself does not work with these plugins'
  bad++
}
new JsonSlurperClassic().parse(new File(args[0])).each { Map it ->
  Map result = tried(it.call as String)
  List wrong = result.wrong
  int shells = Pipeline.steps.count { step -> step == 'sh' }
  if (it.fails != (result.thrown instanceof IllegalStateException)) wrong << (result.thrown ? "threw ${result.thrown}" : 'was to refuse, and did not')
  else if (result.thrown && !it.fails) wrong << "threw ${result.thrown}"
  if (shells != it.shells) wrong << "ran ${shells} shell steps, expected ${it.shells}"
  println "${wrong ? '✗' : '✔'} ${it.call}${wrong ? ': ' + wrong.join('; ') : ''}"
  if (wrong) bad++
}
println "${bad} wrong"
System.exit(bad ? 1 : 0)
