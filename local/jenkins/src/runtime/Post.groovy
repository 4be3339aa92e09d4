package coalmine

/** `post {}`: conditions in Jenkins' order (not the text's), each asked anew after the one before. */
class Post {
  private static final List<String> ORDER = ['always', 'changed', 'fixed', 'regression', 'aborted', 'success', 'unsuccessful',
                                             'unstable', 'failure', 'notBuilt', 'cleanup']
  private final Map<String, Closure> blocks
  private final PipelineScript script

  Post(Closure section, PipelineScript script) {
    PostRecorder recorder = new PostRecorder()
    Recorder.read(section, recorder)
    this.blocks = recorder.blocks
    this.script = script
  }

  /** Runs what applies; returns the first error: the one before, or the first that a condition throws. */
  Throwable run(Throwable earlier) {
    Throwable error = earlier
    ORDER.findAll { blocks.containsKey(it) }.each { String condition ->
      String combined = Result.worst(Build.result, Result.of(error), Scope.current().stage?.result)
      if (!applies(condition, combined)) return
      boolean whole = Scope.current().stage == null || Scope.current().stage.name == 'Declarative: Post Actions'
      if (whole && combined != 'SUCCESS') Build.worsen(combined)
      try {
        steps(blocks[condition], script)
      } catch (Throwable thrown) {
        Channel.log("Error when executing ${condition} post condition:")
        Failure.log(thrown)
        if (error == null) error = thrown
      }
    }
    error
  }

  /** Runs a block of steps as part of the pipeline itself. */
  static void steps(Closure block, PipelineScript script) {
    Closure own = block.rehydrate(script, script, script)
    own.resolveStrategy = Closure.DELEGATE_FIRST
    own.call()
  }

  private static boolean applies(String condition, String result) {
    String previous = Build.currentBuild.previousCompletedBuild?.result
    switch (condition) {
      case 'changed': return previous != result
      case 'fixed': return result == 'SUCCESS' && previous in ['FAILURE', 'UNSTABLE']
      case 'regression': return previous != null && Result.ORDER.indexOf(result) > Result.ORDER.indexOf(previous)
      case 'aborted': return result == 'ABORTED'
      case 'success': return result == 'SUCCESS'
      case 'unsuccessful': return result != 'SUCCESS'
      case 'unstable': return result == 'UNSTABLE'
      case 'failure': return result == 'FAILURE'
      case 'notBuilt': return result == 'NOT_BUILT'
      default: return true
    }
  }
}

class PostRecorder extends Recorder {
  final Map<String, Closure> blocks = [:]

  @Override
  Object invokeMethod(String name, Object arguments) {
    this.@blocks[name] = (arguments as Object[])[0] as Closure
    null
  }
}
