package coalmine

/** What a pipeline reaches by name: env, params, currentBuild, scm, and the library's `vars/`. */
class Globals {
  private static final Map<String, Object> instances = [:]

  static Object object(String name) {
    switch (name) {
      case 'env': return new Env()
      case 'params': return Build.params.asImmutable()
      case 'currentBuild': return Build.currentBuild
      case 'scm': return new Scm(Build.config.scm as Map)
      default: return variable(name)
    }
  }

  /** `vars/NAME.groovy` of the library, one instance a build; null if there is none. */
  static synchronized Object variable(String name) {
    if (instances.containsKey(name)) return instances[name]
    File source = new File("${Build.config.library}/vars/${name}.groovy")
    if (!(name ==~ /[a-zA-Z_]\w*/) || !source.file) return null
    Class type = Build.loader.loadClass(name)
    Object instance = type.newInstance()
    if (instance instanceof Script) instance.setBinding(new Binding())
    instances[name] = instance
  }
}

/** `scm`: where the Jenkinsfile came from, for `checkout scm`. */
class Scm {
  final Map revision

  Scm(Map revision) {
    this.revision = revision
  }

  List<Map> getBranches() { [[name: revision.branch]] }

  List<Map> getUserRemoteConfigs() { [[url: revision.url, name: 'origin']] }
}

/** `env`: reads see everything; writes last for the build, below `withEnv` and `environment {}`. */
class Env {
  @Override
  Object getProperty(String name) {
    Build.environment()[name]
  }

  @Override
  void setProperty(String name, Object value) {
    Build.assignedEnv[name] = value == null ? '' : String.valueOf(value)
  }

  Object getAt(String name) { getProperty(name) }

  void putAt(String name, Object value) { setProperty(name, value) }

  Map<String, String> getEnvironment() { Build.environment() }
}

/** `currentBuild`, as Jenkins' RunWrapper shows it. */
class CurrentBuild {
  int getNumber() { Build.config.build.number }

  String getId() { number as String }

  String getResult() { Build.result }

  void setResult(String value) {
    if (!(value in Result.ORDER)) throw new AbortException("Invalid result: ${value}")
    Build.worsen(value)
  }

  String getCurrentResult() { Build.result ?: 'SUCCESS' }

  boolean resultIsBetterOrEqualTo(String other) { Result.ORDER.indexOf(currentResult) <= Result.ORDER.indexOf(other) }

  boolean resultIsWorseOrEqualTo(String other) { Result.ORDER.indexOf(currentResult) >= Result.ORDER.indexOf(other) }

  String getDisplayName() { Build.config.build.displayName }

  void setDisplayName(String value) {
    Build.config.build.displayName = value
    Channel.send([t: 'build', displayName: value])
  }

  String getDescription() { Build.config.build.description }

  void setDescription(String value) {
    Build.config.build.description = value
    Channel.send([t: 'build', description: value])
  }

  String getFullDisplayName() { "${projectName} ${displayName}" }

  String getProjectName() { Build.config.build.job }

  String getFullProjectName() { projectName }

  String getAbsoluteUrl() { Build.config.build.url }

  long getTimeInMillis() { Build.config.build.timestamp as long }

  long getStartTimeInMillis() { timeInMillis }

  long getDuration() { System.currentTimeMillis() - timeInMillis }

  String getDurationString() { Words.duration(duration) + ' and counting' }

  Map getBuildVariables() { Build.params }

  List getChangeSets() { [] }

  List getUpstreamBuilds() { [] }

  boolean getKeepLog() { false }

  List getBuildCauses(String type = null) {
    def causes = Build.config.build.causes
    type == null ? causes : causes.findAll { it._class == type }
  }

  private static OtherBuild earlier(Closure<Boolean> wanted) { OtherBuild.first(Build.config.build.history as List<Map>, wanted) }

  OtherBuild getPreviousBuild() { earlier { true } }

  OtherBuild getPreviousSuccessfulBuild() { earlier { it.result in ['SUCCESS', 'UNSTABLE'] } }

  OtherBuild getPreviousFailedBuild() { earlier { it.result == 'FAILURE' } }

  OtherBuild getPreviousCompletedBuild() { earlier { !it.building } }

  OtherBuild getPreviousNotFailedBuild() { earlier { !it.building && it.result != 'FAILURE' } }

  OtherBuild getPreviousBuildInProgress() { earlier { it.building } }
}

class Words {
  /** A length of time as Jenkins says it: `1 min 5 sec`. */
  static String duration(long millis) {
    long seconds = millis.intdiv(1000)
    if (seconds < 1) return "${millis} ms"
    if (seconds < 60) return String.format('%.1f sec', millis / 1000.0d).replace('.0 ', ' ')
    if (seconds < 3600) return "${seconds.intdiv(60)} min ${seconds % 60} sec"
    "${seconds.intdiv(3600)} hr ${seconds.intdiv(60) % 60} min"
  }
}
