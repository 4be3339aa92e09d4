package coalmine

/** Runs a declarative pipeline with the nesting and the order of Jenkins' ModelInterpreter. */
class Interpreter {
  private final PipelineScript script
  private boolean failFastEverywhere = false
  private boolean skipAfterUnstable = false
  private boolean skipCheckout = false

  Interpreter(PipelineScript script) {
    this.script = script
  }

  void run(Closure block) {
    SectionRecorder recorder = new SectionRecorder()
    Parameters.define(block)
    Recorder.read(block, recorder)
    Section root = recorder.section
    Options options = Options.of(root)
    failFastEverywhere = options.has('parallelsAlwaysFailFast')
    skipAfterUnstable = options.has('skipStagesAfterUnstable')
    Channel.send([t: 'properties', concurrent: !options.has('disableConcurrentBuilds'), keep: options.keep(),
                  abortPrevious: options.first('disableConcurrentBuilds')?.abortPrevious ?: false])
    boolean postDone = false
    Throwable error = null
    try {
      onAgent(root, options, true) {
        inEnvironment(root) {
          options.wrap {
            tools(root)
            Throwable failed = stages(root.children, null)
            postDone = true
            failed = post(root, failed, 'Declarative: Post Actions')
            if (failed != null) throw failed
          }
        }
      }
    } catch (Throwable thrown) {
      error = thrown
    }
    if (!postDone) error = post(root, error, 'Declarative: Post Actions')
    if (error != null) throw error
  }

  /** One after the other; after a failure the rest is shown as skipped. Returns the first error. */
  private Throwable stages(List<Section> sections, Throwable earlier) {
    Throwable first = earlier
    sections.each { Section section ->
      try {
        stage(section, first)
      } catch (Throwable error) {
        if (first == null) first = error
      }
    }
    first
  }

  private void stage(Section section, Throwable earlier) {
    Stages.run(section.name) {
      if (earlier != null) skip(section, 'due to earlier failure(s)')
      else if (skipAfterUnstable && Build.result == 'UNSTABLE') skip(section, 'due to earlier stage(s) marking the build as unstable')
      else Scope.current().withEnv(section instanceof MatrixCell ? section.cell : [:]).run { enter(section) }
    }
  }

  private Object enter(Section section) {
    When when = When.of(section, script)
    Options options = Options.of(section)
    if (!when.passes('options')) return skip(section, 'due to when conditional')
    options.wrap {
      if (!when.passes('input')) return skip(section, 'due to when conditional')
      Map<String, String> answered = section.input ? InputBlock.ask(section.input) : [:]
      Scope.current().withEnv(answered).run {
        if (!when.passes('agent')) return skip(section, 'due to when conditional')
        onAgent(section, options) {
          if (!when.passes('default')) return skip(section, 'due to when conditional')
          inEnvironment(section) {
            tools(section)
            Throwable error = body(section)
            error = post(section, error, null)
            if (error != null) throw error
          }
        }
      }
    }
  }

  private Throwable body(Section section) {
    if (section.kind == 'stages') return stages(section.children, null)
    try {
      if (section.kind == 'steps') Post.steps(section.steps, script)
      else parallel(section)
      return null
    } catch (Throwable error) {
      return error
    }
  }

  private void parallel(Section section) {
    Map branches = [failFast: section.failFast || failFastEverywhere]
    section.children.each { Section child ->
      branches[child.name] = {
        stage(child, null)
      }
    }
    Parallel.run(branches)
  }

  private Object skip(Section section, String why) {
    Channel.log("Stage \"${section.name}\" skipped ${why}")
    Scope.current().stage.skipped = true
    if (section.kind == 'steps') return null
    if (section.kind == 'stages') section.children.each { child -> Stages.run(child.name) { skip(child, why) } }
    else Parallel.run(section.children.collectEntries { child -> [child.name, { Stages.run(child.name) { skip(child, why) } }] })
  }

  private Object onAgent(Section section, Options options, boolean root = false, Closure body) {
    String label = section.agent ? AgentRecorder.label(section.agent) : section.agentValue
    boolean needed = label != null && label != 'none' && !(Scope.current().node && label == 'any' && !root)
    if (!needed) {
      if (label != 'none' || root) return body.call()
      Scope scope = Scope.current().derive()
      scope.node = false
      return scope.run(body)
    }
    FlowSteps.node(label) {
      if (root) skipCheckout = options.has('skipDefaultCheckout')
      // A pipeline typed into the job has nothing to check out.
      if (!skipCheckout && !options.has('skipDefaultCheckout') && Build.config.scm.commit) {
        Stages.run('Declarative: Checkout SCM') { checkout(options.value('checkoutToSubdirectory')) }
      }
      body.call()
    }
  }

  private static Object checkout(Object directory) {
    Closure step = { Steps.invoke('checkout', [new Scm(Build.config.scm as Map)] as Object[]) }
    directory ? Steps.invoke('dir', [directory, step] as Object[]) : step.call()
  }

  private Object inEnvironment(Section section, Closure body) {
    if (!section.environment) return body.call()
    EnvironmentRecorder recorder = new EnvironmentRecorder()
    recorder.read(section.environment)
    Closure inner = recorder.values ? { Steps.block('withEnv', Scope.current().withEnv(recorder.values), body) } : body
    recorder.credentials ? CredentialSteps.bind(recorder.credentials, inner) : inner.call()
  }

  private static void tools(Section section) {
    if (section.tools) Channel.log('Tools are taken from the PATH here; the tools section is not applied')
  }

  private Throwable post(Section section, Throwable error, String stage) {
    if (!section.post) return error
    Post post = new Post(section.post, script)
    if (!stage) return post.run(error)
    Throwable after = error
    try {
      Stages.run(stage) {
        after = post.run(error)
        if (after != null && !after.is(error)) throw after
      }
    } catch (Throwable thrown) {
      after = thrown
    }
    after
  }
}

/** `agent { label 'x' }`, `node`, `docker`: one machine runs all of them. */
class AgentRecorder {
  private String label = 'any'

  static String label(Closure block) {
    AgentRecorder recorder = new AgentRecorder()
    Closure own = block.rehydrate(recorder, recorder, recorder)
    own.resolveStrategy = Closure.DELEGATE_FIRST
    own.call()
    recorder.label
  }

  void label(Object value) { label = value as String ?: 'any' }

  void node(Closure block) { label = label(block) }

  Object invokeMethod(String name, Object arguments) {
    if (name in ['docker', 'dockerfile', 'kubernetes']) Channel.log("agent { ${name} … }: there is one node here, this one")
    if (name == 'label') label((arguments as Object[])[0])
    if (name == 'node') node((arguments as Object[])[0] as Closure)
    null
  }

  Object getProperty(String name) { name == 'label' ? this.@label : Build.script.getProperty(name) }
}
