package coalmine

/** `properties([…])` of a scripted pipeline, and the values that it, `build` and `input` are given: `string(name: …)`. */
class JobProperties {
  private static final List<String> FIELDS = ['name', 'value', 'defaultValue', 'description', 'trim']

  static void register() {
    [text: 'text', booleanParam: 'boolean', password: 'password'].each { String name, String kind -> value(name, kind, FIELDS) }
    value('choice', 'choice', FIELDS + 'choices')
    quiet('parameters', ['parameterDefinitions']) { Map given -> [property: 'parameters', definitions: given.parameterDefinitions] }
    quiet('disableConcurrentBuilds', ['abortPrevious']) { Map given -> given + [property: 'disableConcurrentBuilds'] }
    quiet('logRotator', ['numToKeepStr', 'daysToKeepStr', 'artifactNumToKeepStr', 'artifactDaysToKeepStr']) { Map given -> given }
    quiet('buildDiscarder', ['strategy']) { Map given -> [property: 'buildDiscarder', strategy: given.strategy] }
    quiet('pipelineTriggers', ['triggers']) { Map given -> [property: 'pipelineTriggers'] }
  }

  private static void value(String name, String kind, List<String> fields) {
    quiet(name, fields) { Map given -> parameter(kind, given) }
  }

  private static void quiet(String name, List<String> parameters, Closure body) {
    Steps.define(name, parameters, false, body)
    Steps.QUIET << name
  }

  /** A parameter with its default; a choice's is the first of its choices. */
  static Map parameter(String kind, Map given) {
    List<String> choices = given.choices instanceof List ? given.choices*.toString() : given.choices?.toString()?.readLines()
    given + [kind: kind, choices: choices, description: given.description ?: '',
             defaultValue: choices ? choices.first() : given.defaultValue ?: (kind == 'boolean' ? false : '')]
  }

  static void set(List properties) {
    List<Map> known = properties.findAll { it instanceof Map && it.property }
    known.findAll { it.property == 'parameters' }.each { Map it ->
      List<Map> definitions = (it.definitions as List<Map>).collect { Map one -> one.subMap(['kind', 'name', 'description', 'choices', 'defaultValue']) }
      Channel.send([t: 'parameters', definitions: definitions])
      definitions.each { Map one -> if (!Build.params.containsKey(one.name)) Build.params[one.name as String] = one.defaultValue }
    }
    Map exclusive = known.find { it.property == 'disableConcurrentBuilds' }
    def keep = known.find { it.property == 'buildDiscarder' }?.strategy?.numToKeepStr
    Channel.send([t: 'properties', concurrent: exclusive == null, abortPrevious: exclusive?.abortPrevious ?: false, keep: keep ? keep as Integer : null])
    if (known.any { it.property == 'pipelineTriggers' }) Channel.log('properties: triggers are not followed here')
  }
}
