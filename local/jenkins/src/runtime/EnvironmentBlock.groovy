package coalmine

/** Values of `environment {}`: each is found when it is asked for, so that their order does not matter. */
class EnvironmentRecorder {
  final Map<String, String> values = [:]
  final Map<String, String> credentials = [:]
  private final Map<String, Closure> deferred = [:]

  void read(Closure block) {
    Closure own = block.rehydrate(this, this, this)
    own.resolveStrategy = Closure.DELEGATE_FIRST
    own.call()
    new ArrayList<String>(this.@deferred.keySet()).each { find(it) }
  }

  @Override
  void setProperty(String name, Object value) {
    if (value instanceof Closure) this.@deferred[name] = value
    else store(name, value)
  }

  @Override
  Object getProperty(String name) {
    if (name == 'values') return this.@values
    if (name == 'credentials') return this.@credentials
    if (name == 'env') return new EnvView(this)
    knows(name) ? find(name) : Build.script.getProperty(name)
  }

  Object invokeMethod(String name, Object arguments) {
    name == 'credentials' ? [credential: (arguments as Object[])[0] as String] : Build.script.invokeMethod(name, arguments)
  }

  boolean knows(String name) {
    this.@values.containsKey(name) || this.@credentials.containsKey(name) || this.@deferred.containsKey(name)
  }

  String find(String name) {
    Closure value = this.@deferred.remove(name)
    if (value != null) {
      Closure own = value.rehydrate(this, this, this)
      own.resolveStrategy = Closure.DELEGATE_FIRST
      store(name, own.call())
    }
    this.@values[name] ?: this.@credentials[name] ?: Build.environment()[name]
  }

  private void store(String name, Object value) {
    if (value instanceof Map && value.credential) this.@credentials.putAll(CredentialSteps.forEnvironment(name, value.credential as String))
    else this.@values[name] = String.valueOf(value)
  }
}

/** `env` inside `environment {}` sees the values above it. */
class EnvView {
  private final EnvironmentRecorder recorder

  EnvView(EnvironmentRecorder recorder) {
    this.recorder = recorder
  }

  Object getProperty(String name) { this.@recorder.knows(name) ? this.@recorder.find(name) : Build.environment()[name] }
}
