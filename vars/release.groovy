/** Does what ACTION says to what TARGET names. */
def call(Map config = [:]) {
  switch (config.action) {
    case ['build', 'deploy']:
      if (config.target in [null, '', 'none']) error "release: TARGET is ${config.target ?: 'empty'}, choose canary or prod"
      deploy target: config.target, commit: config.commit
      break
    case 'rollback':
      rollback target: target(config)
      break
    case 'promote':
      promote commit: config.commit
      break
    case 'scale':
      scale count: config.count
      break
    default:
      error "release: unknown action '${config.action}', allowed: build, deploy, rollback, promote, scale"
  }
}

def target(Map config) {
  config.target == 'none' ? 'prod' : config.target
}
