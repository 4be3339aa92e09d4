/** Puts a target back on its release before the current one; needs no build. */
def call(Map config = [:]) {
  if (!config.target) error 'rollback: target is missing, for example target: "prod"'
  withEnv(["TARGET=${config.target}"]) {
    sh label: "roll back ${config.target}", script: 'coalmine rollback --target "$TARGET"'
  }
}
