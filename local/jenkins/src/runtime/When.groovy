package coalmine

/** `when {}`: all conditions must hold; evaluated once, at the point that before… names. */
class When {
  private final List<Closure> conditions = []
  private String point = 'default'

  static When of(Section section, PipelineScript script) {
    When when = new When()
    if (!section.when) return when
    Conditions recorder = new Conditions(script)
    Recorder.read(section.when, recorder)
    when.conditions.addAll(recorder.found)
    when.point = recorder.before ?: 'default'
    when
  }

  boolean passes(String here) {
    if (point != here || conditions.isEmpty()) return true
    conditions.every { it.call() }
  }
}

/** The built-in conditions. */
class Conditions extends Recorder {
  private static final Map<String, String> CHANGE = [
    id: 'CHANGE_ID', target: 'CHANGE_TARGET', branch: 'CHANGE_BRANCH', fork: 'CHANGE_FORK', url: 'CHANGE_URL', title: 'CHANGE_TITLE',
    author: 'CHANGE_AUTHOR', authorDisplayName: 'CHANGE_AUTHOR_DISPLAY_NAME', authorEmail: 'CHANGE_AUTHOR_EMAIL']
  final List<Closure> found = []
  private final PipelineScript script
  String before

  Conditions(PipelineScript script) {
    this.script = script
  }

  void beforeOptions(boolean value) { if (value) before = 'options' }

  void beforeInput(boolean value) { if (value && before != 'options') before = 'input' }

  void beforeAgent(boolean value) { if (value && before == null) before = 'agent' }

  void expression(Closure block) {
    PipelineScript pipeline = script
    found << { block.rehydrate(pipeline, pipeline, pipeline).call() as boolean }
  }

  void branch(Object pattern) { branch([pattern: pattern]) }

  void branch(Map given) {
    found << {
      String name = Build.environment().BRANCH_NAME ?: Build.environment().GIT_LOCAL_BRANCH
      name != null && compare(name, given.pattern as String, given.comparator as String)
    }
  }

  void environment(Map given) {
    found << {
      String actual = Build.environment()[given.name as String] ?: ''
      given.ignoreCase ? actual.equalsIgnoreCase(given.value as String) : actual == given.value as String
    }
  }

  void equalsCondition(Map given) { found << { given.expected == given.actual } }

  void tag(Object given) {
    Map pattern = given instanceof Map ? given : [pattern: given]
    found << { Build.environment().TAG_NAME != null && compare(Build.environment().TAG_NAME, pattern.pattern as String, pattern.comparator as String) }
  }

  void buildingTag() { found << { Build.environment().TAG_NAME != null } }

  /** Is there a change request, and does it match all that is asked of it? */
  void changeRequest(Map given = [:]) {
    found << {
      Map environment = Build.environment()
      environment.CHANGE_ID != null && given.every { name, pattern ->
        name == 'comparator' || compare((environment[CHANGE[name as String]] ?: '') as String, pattern as String, (given.comparator ?: 'EQUALS') as String)
      }
    }
  }

  void isRestartedRun() { found << { false } }

  void changeset(Object given) {
    Map pattern = given instanceof Map ? given : [pattern: given]
    found << {
      List<String> files = Build.config.scm.changedFiles ?: []
      if (!files) Channel.log('Warning, empty changelog. Probably because this is the first build.')
      files.any { compare(it, pattern.pattern as String, pattern.comparator as String) }
    }
  }

  void changelog(Object given) {
    String pattern = given instanceof Map ? given.pattern : given
    found << { (Build.config.scm.changelog ?: []).any { String message -> message.readLines().any { it ==~ pattern } || message =~ pattern } }
  }

  void triggeredBy(Object given) {
    String cause = given instanceof Map ? given.cause : given
    String detail = given instanceof Map ? given.detail : null
    found << {
      Build.currentBuild.buildCauses.any {
        (it._class as String).endsWith(cause) && (detail == null || detail.equalsIgnoreCase((it.userId ?: it.shortDescription) as String))
      }
    }
  }

  void not(Closure block) { group(block) { List<Closure> inner -> !inner.first().call() } }

  void anyOf(Closure block) { group(block) { List<Closure> inner -> inner.any { it.call() } } }

  void allOf(Closure block) { group(block) { List<Closure> inner -> inner.every { it.call() } } }

  private void group(Closure block, Closure verdict) {
    Conditions inner = new Conditions(script)
    read(block, inner)
    List<Closure> conditions = inner.found
    found << { verdict.call(conditions) }
  }

  private static boolean compare(String actual, String pattern, String comparator) {
    if (comparator == 'REGEXP') return actual ==~ pattern
    if (comparator == 'EQUALS') return actual == pattern
    Glob.matches(pattern, actual) || actual == pattern
  }
}
