package coalmine

import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.Paths

/** `withCredentials` and `environment { X = credentials('id') }`: values from the controller's store, masked in the log. */
class CredentialSteps {
  static void register() {
    Steps.define('string', ['credentialsId', 'variable', 'name', 'value', 'defaultValue', 'description', 'trim']) { Map given ->
      given.credentialsId == null ? JobProperties.parameter('string', given) : given + [kind: 'string']
    }
    Steps.define('usernamePassword', ['credentialsId', 'usernameVariable', 'passwordVariable']) { Map given -> given + [kind: 'usernamePassword'] }
    Steps.define('usernameColonPassword', ['credentialsId', 'variable']) { Map given -> given + [kind: 'colon'] }
    Steps.define('file', ['credentialsId', 'variable']) { Map given -> given + [kind: 'file'] }
    Steps.define('withCredentials', ['bindings!'], true) { Map given, Closure body ->
      bind((given.bindings as List).collectEntries { variables(it as Map) }, body)
    }
    Steps.define('withEnv', ['overrides!'], true) { Map given, Closure body -> withEnv(given.overrides as List, body) }
    Steps.define('sshUserPrivateKey', ['credentialsId', 'keyFileVariable', 'usernameVariable', 'passphraseVariable']) { Map given ->
      given + [kind: 'sshKey']
    }
    ['string', 'usernamePassword', 'usernameColonPassword', 'file', 'sshUserPrivateKey'].each { Steps.QUIET << it }
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
    switch (credential.kind) {
      case 'usernamePassword': return userAndPassword(credential, name + '_USR', name + '_PSW') + colon(credential, name)
      case 'sshKey': return sshKey(credential, name, name + '_USR', name + '_PSW')
      case 'file': return [(name): file(credential)]
      default: return [(name): secret(credential.secret as String)]
    }
  }

  static Object bind(Map<String, String> variables, Closure body) {
    Channel.log('[Pipeline] withCredentials')
    Channel.log("Masking supported pattern matches of ${variables.keySet().collect { '$' + it }.join(' or ')}")
    Steps.inBraces('withCredentials', Scope.current().withEnv(variables), body)
  }

  private static Map<String, String> variables(Map binding) {
    Map credential = find(binding.credentialsId as String)
    String wanted = binding.kind == 'colon' ? 'usernamePassword' : binding.kind
    if (credential.kind != wanted) wrongKind(binding)
    switch (binding.kind) {
      case 'usernamePassword': return userAndPassword(credential, binding.usernameVariable as String, binding.passwordVariable as String)
      case 'colon': return colon(credential, binding.variable as String)
      case 'sshKey':
        return sshKey(credential, binding.keyFileVariable as String, binding.usernameVariable as String, binding.passphraseVariable as String)
      case 'file': return [(binding.variable): file(credential)]
      default: return [(binding.variable): secret(credential.secret as String)]
    }
  }

  private static Map<String, String> userAndPassword(Map credential, String user, String password) {
    [(user): credential.username as String, (password): secret(credential.password as String)]
  }

  private static Map<String, String> colon(Map credential, String name) {
    [(name): secret("${credential.username}:${secret(credential.password as String)}")]
  }

  private static Map<String, String> sshKey(Map credential, String key, String user, String passphrase) {
    Map<String, String> variables = [(key): temporary('ssh-key-', secret(credential.privateKey as String).bytes)]
    if (user) variables[user] = credential.username as String
    if (passphrase && credential.passphrase) variables[passphrase] = secret(credential.passphrase as String)
    variables
  }

  private static String file(Map credential) {
    byte[] content = (credential.content as String).decodeBase64()
    secret(new String(content, 'UTF-8'))
    temporary(credential.fileName ? (credential.fileName as String).replaceAll(/[^\w.-]/, '_') + '-' : 'secret-', content)
  }

  /** A file that only the build's user reads; gone with the build. */
  private static String temporary(String name, byte[] content) {
    Path path = Files.createTempFile(Paths.get(Build.config.temporary as String), name, '')
    Files.write(path, content)
    path.toString()
  }

  private static void wrongKind(Map binding) {
    throw new AbortException("Credentials '${binding.credentialsId}' is of another type than ‘${binding.kind}’")
  }

  private static Map find(String id) {
    Map credential = Build.config.credentials.find { it.id == id }
    if (credential == null) throw new AbortException("Could not find credentials entry with ID '${id}'")
    credential
  }

  private static String secret(String value) {
    Channel.secrets.add(value)
    value
  }
}
