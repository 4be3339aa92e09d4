package coalmine

/** `options {}`: what wraps the body, and what is said about the job. */
class Options extends Recorder {
  private final List<List> calls = []

  static Options of(Section section) {
    Options options = new Options()
    if (section.options) read(section.options, options)
    options
  }

  @Override
  Object invokeMethod(String name, Object arguments) {
    Object[] list = arguments as Object[]
    if (name == 'logRotator') return list[0]
    this.@calls << [name, list ? list[0] : null]
    null
  }

  boolean has(String name) { this.@calls.any { it[0] == name && it[1] != false } }

  Object first(String name) {
    def call = this.@calls.find { it[0] == name }
    call && call[1] instanceof Map ? call[1] : null
  }

  /** The argument of an option that takes one without a name. */
  Object value(String name) { this.@calls.find { it[0] == name }?.get(1) }

  /** How many builds `buildDiscarder(logRotator(numToKeepStr: …))` keeps; null for all. */
  Integer keep() {
    def rotator = this.@calls.find { it[0] == 'buildDiscarder' }?.get(1)
    def number = rotator instanceof Map ? rotator.numToKeepStr ?: rotator.numToKeep : null
    number ? number as Integer : null
  }

  Object wrap(Closure body) {
    List<List> wrappers = this.@calls.findAll { it[0] in ['timeout', 'retry', 'timestamps', 'ansiColor', 'lock', 'withCredentials', 'catchError', 'warnError'] }
    nest(wrappers, body).call()
  }

  private static Closure nest(List<List> wrappers, Closure body) {
    if (wrappers.isEmpty()) return body
    Closure inner = nest(wrappers.tail(), body)
    List head = wrappers.head()
    return { Steps.invoke(head[0] as String, (head[1] == null ? [inner] : [head[1], inner]) as Object[]) }
  }
}

/** `parameters {}`: told to the controller, and defaults for this very run. */
class Parameters extends Recorder {
  final List<Map> definitions = []

  /** Reads only the `parameters` of a pipeline: the rest of it may already use them. */
  static void define(Closure pipeline) {
    ParametersOnly only = new ParametersOnly()
    Recorder.read(pipeline, only)
    if (only.block == null) return
    List<Map> definitions = read(only.block)
    Channel.send([t: 'parameters', definitions: definitions])
    definitions.each { if (!Build.params.containsKey(it.name)) Build.params[it.name as String] = it.defaultValue }
  }

  static List<Map> read(Closure block) {
    Parameters recorder = new Parameters()
    Recorder.read(block, recorder)
    recorder.definitions
  }

  void string(Map given) { add('string', given, given.defaultValue ?: '') }

  void text(Map given) { add('text', given, given.defaultValue ?: '') }

  void password(Map given) { add('password', given, given.defaultValue ?: '') }

  void booleanParam(Map given) { add('boolean', given, given.defaultValue as boolean) }

  void choice(Map given) {
    List<String> choices = given.choices instanceof List ? given.choices*.toString() : (given.choices as String).split('\n').toList()
    add('choice', given + [choices: choices], choices.first())
  }

  private void add(String kind, Map given, Object value) {
    definitions << [kind: kind, name: given.name as String, description: (given.description ?: '') as String,
                    choices: given.choices, defaultValue: value instanceof Boolean ? value : value as String]
  }
}

class ParametersOnly extends Recorder {
  Closure block

  void parameters(Closure block) { this.block = block }

  @Override
  Object invokeMethod(String name, Object arguments) {
    if (name == 'parameters') this.@block = (arguments as Object[])[0] as Closure
    null
  }
}
