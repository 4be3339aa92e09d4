package coalmine

/** `withCredentials` and `environment { X = credentials('id') }`: values from the controller's store, masked in the log. */
class CredentialSteps {
  static void register() {
    Steps.define('string', ['credentialsId', 'variable']) { Map given -> given + [kind: 'string'] }
    Steps.define('usernamePassword', ['credentialsId', 'usernameVariable', 'passwordVariable']) { Map given -> given + [kind: 'usernamePassword'] }
    Steps.define('usernameColonPassword', ['credentialsId', 'variable']) { Map given -> given + [kind: 'colon'] }
    Steps.define('file', ['credentialsId', 'variable']) { Map given -> given + [kind: 'file'] }
    Steps.define('withCredentials', ['bindings!'], true) { Map given, Closure body ->
      bind((given.bindings as List).collectEntries { variables(it as Map) }, body)
    }
    Steps.define('withEnv', ['overrides!'], true) { Map given, Closure body -> withEnv(given.overrides as List, body) }
    ['string', 'usernamePassword', 'usernameColonPassword', 'file'].each { Steps.QUIET << it }
  }

  static Object withEnv(List overrides, Closure body) {
    Map<String, String> before = Build.environment()
    Map<String, String> more = [:]
    overrides.each { override ->
      String text = override.toString()
      int at = text.indexOf('=')
      if (at < 1) throw new AbortException("withEnv: ‘${text}’ is not NAME=value")
      String name = text.substring(0, at)
      String value = text.substring(at + 1)
      if (name.startsWith('PATH+')) more.PATH = "${value}:${more.PATH ?: before.PATH}".toString()
      else more[name] = value
    }
    Steps.block('withEnv', Scope.current().withEnv(more), body)
  }

  /** The variables that `environment { NAME = credentials('id') }` makes. */
  static Map<String, String> forEnvironment(String name, String id) {
    Map credential = find(id)
    if (credential.kind == 'usernamePassword') {
      String both = "${credential.username}:${credential.password}"
      secret(both)
      secret(credential.password as String)
      return [(name): both, (name + '_USR'): credential.username as String, (name + '_PSW'): credential.password as String]
    }
    secret(credential.secret as String)
    [(name): credential.secret as String]
  }

  static Object bind(Map<String, String> variables, Closure body) {
    Channel.log('[Pipeline] withCredentials')
    Channel.log("Masking supported pattern matches of ${variables.keySet().collect { '$' + it }.join(' or ')}")
    Steps.inBraces('withCredentials', Scope.current().withEnv(variables), body)
  }

  private static Map<String, String> variables(Map binding) {
    Map credential = find(binding.credentialsId as String)
    if (binding.kind == 'usernamePassword') {
      if (credential.kind != 'usernamePassword') wrongKind(binding)
      secret(credential.password as String)
      return [(binding.usernameVariable): credential.username as String, (binding.passwordVariable): credential.password as String]
    }
    if (binding.kind == 'colon') {
      String both = "${credential.username}:${credential.password}"
      secret(both)
      return [(binding.variable): both]
    }
    if (credential.secret == null) wrongKind(binding)
    secret(credential.secret as String)
    if (binding.kind == 'string') return [(binding.variable): credential.secret as String]
    File file = File.createTempFile('secret', '', new File(Build.config.temporary as String))
    file.deleteOnExit()
    file.setText(credential.secret as String, 'UTF-8')
    [(binding.variable): file.path]
  }

  private static void wrongKind(Map binding) {
    throw new AbortException("Credentials '${binding.credentialsId}' is of another type than ‘${binding.kind}’")
  }

  private static Map find(String id) {
    Map credential = Build.config.credentials.find { it.id == id }
    if (credential == null) throw new AbortException("Could not find credentials entry with ID '${id}'")
    credential
  }

  private static void secret(String value) {
    Channel.secrets.add(value)
  }
}
