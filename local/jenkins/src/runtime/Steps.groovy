package coalmine

/** A step: its named parameters and whether it takes a block. */
class Step {
  private static final Map<String, String> TYPES = [int: 'int', boolean: 'boolean', text: 'class java.lang.String']

  String name
  List<String> parameters = []
  List<String> required = []
  /** Java's names of types, as Jenkins says them; only where a literal can be of the wrong one. */
  Map<String, String> types = [:]
  boolean block
  Closure body

  /** Parameters as `name`, `name!` where it must be given, `name:int`, `name:text` or `name:boolean` where its type is checked. */
  static Step of(String name, List<String> declared, boolean block = false, Closure body = null) {
    Step step = new Step(name: name, block: block, body: body)
    declared.each {
      def (String parameter, String type) = it.tokenize(':')
      boolean must = parameter.endsWith('!')
      if (must) parameter = parameter[0..-2]
      step.parameters << parameter
      if (must) step.required << parameter
      if (type) step.types[parameter] = TYPES[type]
    }
    step
  }

  /** The parameter that may be given without its name; null if there is none. */
  String getSole() {
    required.size() == 1 ? required.first() : required.isEmpty() && parameters ? parameters.first() : null
  }
}

/** All steps by name, and how a call becomes one: arguments checked, block printed, unknown names refused. */
class Steps {
  static final Map<String, Step> ALL = new TreeMap<String, Step>()
  /** Describable arguments such as `string(credentialsId: …)`: values, not steps, so the log does not show them. */
  static final Set<String> QUIET = ['checkStyle', 'esLint', 'java', 'pmdParser', 'spotBugs'] as Set

  static {
    [ShellSteps, FlowSteps, FileSteps, ReportSteps, ScmSteps, CredentialSteps, Input, Requests, JobProperties].each { it.register() }
  }

  static void define(String name, List<String> parameters, boolean block = false, Closure body) {
    ALL[name] = Step.of(name, parameters, block, body)
  }

  static Object invoke(String name, Object[] args) {
    if (name == 'parallel') return Parallel.run(args[0] as Map)
    if (name == 'pipeline') return new Interpreter(Build.script).run(args[0] as Closure)
    Step step = ALL[name]
    if (step == null) {
      throw new NoSuchMethodError("No such DSL method '${name}' found among steps [${ALL.keySet().join(', ')}]")
    }
    Scope.current().token.check()
    List rest = args.toList()
    Closure block = rest && rest.last() instanceof Closure ? rest.pop() as Closure : null
    if (block == null && step.block) throw new AbortException("The ‘${name}’ step must be called with a body")
    Map given = named(step, rest)
    block == null ? plain(step, given) : step.body.call(given, block)
  }

  private static Object plain(Step step, Map given) {
    if (!(step.name in QUIET)) Channel.log("[Pipeline] ${step.name}${given.label ? " (${given.label})" : ''}")
    step.body.call(given)
  }

  private static Map named(Step step, List rest) {
    Map given = [:]
    if (rest && rest.first() instanceof Map && !describable(step, rest.first() as Map)) {
      given = new LinkedHashMap(rest.first() as Map)
      rest = rest.tail()
    }
    if (rest.size() > 1 || (rest && step.parameters.isEmpty())) {
      throw new IllegalArgumentException("Expected named arguments but got ${rest}")
    }
    if (rest) given[step.parameters.first()] = rest.first()
    def unknown = given.keySet().find { !(it in step.parameters) }
    if (unknown != null) {
      throw new IllegalArgumentException("Invalid parameter \"${unknown}\" for step \"${step.name}\", expected one of ${step.parameters}")
    }
    warnOfSecrets(step, given)
    given.collectEntries { key, value -> [key, value instanceof GString ? value.toString() : value] }
  }

  // `checkout([$class: 'GitSCM', …])` gives one argument that happens to be a map.
  private static boolean describable(Step step, Map map) {
    map.containsKey('$class') || (step.parameters.size() == 1 && !map.keySet().every { it in step.parameters })
  }

  private static void warnOfSecrets(Step step, Map given) {
    if (given.values().any { it instanceof GString && it.values.any { value -> Channel.secrets.occurIn(String.valueOf(value)) } }) {
      Channel.log("Warning: A secret was passed to \"${step.name}\" using Groovy String interpolation, which is insecure.")
      Channel.log('\t\t Affected argument(s) used the following variable(s): see https://jenkins.io/redirect/groovy-string-interpolation for details.')
    }
  }

  /** Runs a block between the lines that Jenkins prints for one, in the scope given. */
  static Object block(String name, Scope scope, String label = null, Closure body) {
    Channel.log("[Pipeline] ${name}")
    inBraces(name, scope, label, body)
  }

  static Object inBraces(String name, Scope scope, String label = null, Closure body) {
    Channel.log("[Pipeline] {${label ? " (${label})" : ''}")
    try {
      return scope.run(body)
    } finally {
      Channel.log('[Pipeline] }')
      Channel.log("[Pipeline] // ${name}")
    }
  }
}
