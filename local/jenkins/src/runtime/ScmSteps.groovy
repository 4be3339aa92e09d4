package coalmine

class ScmSteps {
  static void register() {
    Steps.define('checkout', ['scm!', 'changelog', 'poll']) { Map given -> checkout(given.scm) }
    Steps.define('git', ['url!:text', 'branch', 'credentialsId', 'changelog', 'poll']) { Map given ->
      String directory = Build.directory()
      if (!new File(directory, '.git').exists()) git(directory, ['init', '--quiet'])
      git(directory, ['fetch', '--no-tags', '--force', '--', given.url as String, "refs/heads/${given.branch ?: 'master'}"])
      reset(directory, 'FETCH_HEAD')
    }
    Steps.define('library', ['identifier!:text', 'changelog']) { Map given -> Channel.log("Library ${given.identifier}: the checkout's own vars/ are used") }
  }

  /** The commit that the controller has fetched, in the workspace; what git ignores stays, so that builds are incremental. */
  static Map checkout(Object given) {
    if (!(given instanceof Scm)) return other(given as Map)
    Map scm = given.revision
    if (!scm.commit) throw new AbortException('‘checkout scm’ is only available when using “Multibranch Pipeline” or “Pipeline script from SCM”')
    String directory = Build.directory()
    if (directory != Build.config.workspace) {
      if (!new File(directory, '.git').exists()) git(directory, ['init', '--quiet'])
      git(directory, ['fetch', '--no-tags', '--force', '--', Build.config.workspace as String, scm.commit as String])
    }
    Channel.log("Checking out Revision ${scm.commit} (${scm.branch ?: 'detached'})")
    reset(directory, scm.commit as String)
    if (scm.subject) Channel.log("Commit message: \"${scm.subject}\"")
    Map<String, String> variables = [GIT_COMMIT: scm.commit as String, GIT_URL: scm.url as String]
    if (scm.branch) variables.GIT_BRANCH = scm.branch as String
    Build.assignedEnv.putAll(variables)
    variables
  }

  /** `checkout([$class: 'GitSCM', …])`: another repository, at a branch or commit. */
  private static Map other(Map given) {
    String url = (given.userRemoteConfigs ?: [[:]]).first().url
    if (!url) throw new AbortException('checkout: userRemoteConfigs names no url')
    String branch = ((given.branches ?: [[name: 'master']]).first().name as String).replaceFirst('^\\*/|^origin/', '')
    String directory = Build.directory()
    if (!new File(directory, '.git').exists()) git(directory, ['init', '--quiet'])
    git(directory, ['fetch', '--no-tags', '--force', '--', url, branch])
    reset(directory, 'FETCH_HEAD')
    [GIT_URL: url, GIT_BRANCH: branch]
  }

  private static void reset(String directory, String commit) {
    git(directory, ['checkout', '--quiet', '--force', '--detach', commit])
    git(directory, ['clean', '-fdq'])
  }

  private static void git(String directory, List<String> arguments) {
    Channel.log(" > git ${arguments.join(' ')}")
    new File(directory).mkdirs()
    Map environment = Build.environment() + [GIT_TERMINAL_PROMPT: '0']
    int code = ShellProcess.run((['git', '-c', 'advice.detachedHead=false'] + arguments)*.toString(), directory, environment, null)
    if (code != 0) throw new AbortException("git ${arguments.first()} failed with exit code ${code}")
  }
}
