/** Deploys a packaged commit to a target. */
def call(Map config = [:]) {
  if (!config.target) error 'deploy: target is missing, for example target: "canary"'
  withEnv(["TARGET=${config.target}", "COMMIT=${config.commit ?: env.GIT_COMMIT}"]) {
    sh label: "deploy to ${config.target}", script: 'coalmine deploy --target "$TARGET" --commit "$COMMIT"'
  }
}
