package coalmine

/** The base class of the Jenkinsfile and of every `vars/*.groovy`; names resolve in Jenkins' order. */
abstract class PipelineScript extends Script {
  /** Own methods come first by Groovy's own rules; then the binding, `vars/`, and the steps. */
  @Override
  Object invokeMethod(String name, Object args) {
    Object[] list = args instanceof Object[] ? args : [args] as Object[]
    if (getBinding().hasVariable(name)) {
      def variable = getBinding().getVariable(name)
      return variable.getMetaClass().invokeMethod(variable, 'call', list)
    }
    def global = Globals.variable(name)
    if (global != null) return global.getMetaClass().invokeMethod(global, 'call', list)
    Steps.invoke(ShadowedNames.written(name), list)
  }

  @Override
  Object getProperty(String name) {
    if (getBinding().hasVariable(name)) return getBinding().getVariable(name)
    def global = Globals.object(name)
    if (global != null) return global
    def own = getMetaClass().hasProperty(this, name)
    if (own) return own.getProperty(this)
    def environment = Build.environment()
    if (environment.containsKey(name)) return environment[name]
    throw new MissingPropertyException(name, this.getClass())
  }

  // Groovy gives every object these methods; on Jenkins they go to the log.
  @Override
  void println() { Channel.log('') }

  @Override
  void println(Object value) { Channel.log(value) }

  @Override
  void print(Object value) { Channel.log(value) }

  @Override
  void printf(String format, Object value) { Channel.log(String.format(format, value)) }

  @Override
  void printf(String format, Object[] values) { Channel.log(String.format(format, values)) }
}
