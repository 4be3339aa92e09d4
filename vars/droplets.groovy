/** Creates, lists or destroys droplets. */
def call(Map config = [:]) {
  String action = config.action ?: 'list'
  if (!(action in ['create', 'list', 'destroy'])) error "droplets: unknown action '${action}', allowed: create, list, destroy"
  withEnv(["ACTION=${action}", "NAME=${config.name ?: ''}"]) {
    sh label: "droplets: ${action}", script: 'coalmine droplet "$ACTION" ${NAME:+"$NAME"}'
  }
}
