/** Makes production have so many droplets in rotation. */
def call(Map config = [:]) {
  if (!config.count) error 'scale: count is missing, for example count: 2'
  withEnv(["COUNT=${config.count}"]) {
    sh label: "production: ${config.count} droplets", script: 'coalmine scale "$COUNT"'
  }
}
