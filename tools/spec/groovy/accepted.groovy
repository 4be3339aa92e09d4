import com.cloudbees.groovy.cps.NonCPS

/** All of this works under CPS and in the sandbox. */
def call(Map config = [:], Closure body = null) {
  config.each { key, value -> echo "${key}=${value}" }
  List sizes = [1, 2].collect { it + 1 }.findAll { it > 1 }
  for (size in sizes) echo "${size}"
  for (entry in config.entrySet().toList()) echo entry.key
  if (config.version ==~ /\d+/) echo 'a version'
  withEnv(["NAME=${config.name}"]) {
    sh label: "deploy ${config.name}", script: 'deploy "$NAME"'
  }
  withCredentials([string(credentialsId: 'a', variable: 'TOKEN')]) { sh 'login "$TOKEN"' }
  echo ordered(['b', 'a'])
  parallel one: { echo '1' }, two: { echo '2' }
  if (body) body()
}

@NonCPS
String ordered(List names) {
  def found = names.join() =~ /a/
  joined(names.sort { it }) + found.size()
}

@NonCPS
String joined(List names) { names.join(',') }
