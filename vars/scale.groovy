/** Brings production to a number of droplets. */
def call(Map config = [:]) {
  String count = "${config.count ?: ''}".trim()
  if (!(count ==~ /\d{1,3}/)) error "scale: count is '${count}', expected a whole number, for example count: 3"
  withEnv(["COUNT=${count}"]) {
    sh label: "scale to ${count}", script: 'coalmine scale "$COUNT"'
  }
}
