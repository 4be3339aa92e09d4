import java.time.Instant

def call(Map config = [:]) {
  String name = config.name
  new File('/etc/passwd').text // expect: sandbox
  echo System.getenv('HOME') // expect: sandbox
  'id'.execute() // expect: sandbox
  echo "${Instant.now()}" // expect: sandbox
  def data = new groovy.json.JsonSlurperClassic().parseText('{}') // expect: sandbox
  String.metaClass.shout = { -> delegate } // expect: sandbox
  echo "${currentBuild.rawBuild}" // expect: sandbox
  Jenkins.instance.doQuietDown() // expect: sandbox
  evaluate('1') // expect: sandbox
  sh "deploy ${name}" // expect: shell-interpolation
  sh label: "deploy ${name}", script: "deploy ${name}" // expect: shell-interpolation
  def command = "deploy ${name}"
  sh command // expect: shell-interpolation
  sh script: 'deploy ' + name // expect: shell-interpolation
  sh 'deploy ' + name // expect: shell-interpolation
  sh(script: """ // expect: shell-interpolation
    deploy ${name}
  """, returnStdout: true)
}
