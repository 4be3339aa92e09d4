/** Runs a block with the fleet's secrets in the environment; which ones, COALMINE_CREDENTIALS says, or the caller. */
def call(Map ids = [:], Closure body) {
  Map wanted = ids ?: idsOf(env.COALMINE_CREDENTIALS)
  if (!wanted) return body()
  List bindings = []
  wanted.each { variable, id -> bindings << string(variable: variable, credentialsId: id) }
  withCredentials(bindings) { body() }
}

/** Reads `DIGITALOCEAN_TOKEN=digitalocean-token SMTP_URL=smtp-url`: variables and ids, no secret among them. */
Map idsOf(String text) {
  Map ids = [:]
  (text ?: '').tokenize(', ').each {
    List pair = it.tokenize('=')
    if (pair.size() != 2) error "withFleetCredentials: COALMINE_CREDENTIALS has '${it}', expected VARIABLE=credentials-id"
    ids[pair[0]] = pair[1]
  }
  return ids
}
