/** Makes the canary's release the release of production; with a commit, only if that is what the canary runs. */
def call(Map config = [:]) {
  withEnv(["COMMIT=${config.commit ?: ''}"]) {
    sh label: 'promote the canary', script: 'coalmine promote ${COMMIT:+--commit "$COMMIT"}'
  }
}
