/** Makes the release of a commit: one tarball per deployable. `package` itself is a reserved word in Groovy. */
def call(Map config = [:]) {
  withEnv(["COMMIT=${config.commit ?: env.GIT_COMMIT}"]) {
    sh label: 'package', script: 'coalmine package --commit "$COMMIT"'
  }
}
