/** Names the build after what it builds: branch and short commit. */
def call() {
  String commit = (params.COMMIT ?: env.GIT_COMMIT ?: '').take(8)
  currentBuild.displayName = "#${env.BUILD_NUMBER} ${params.BRANCH} ${commit}".trim()
  String target = params.TARGET in [null, 'none'] ? '' : " → ${params.TARGET}"
  currentBuild.description = "${params.ACTION ?: 'build'} ${params.BRANCH} ${commit}${target}"
}
