// Every line that ends with an `expect:` comment has to be refused by that rule, and no other line by any.
def call(Map config = [:]) {
  def names = ['b', 'a']
  names.sort { it } // expect: cps-closure
  names.toSorted { left, right -> left <=> right } // expect: cps-closure
  names.unique { it.size() } // expect: cps-closure
  def found = 'v12' =~ /v(\d+)/ // expect: cps-matcher
  String version
  version = 'v12' =~ /v(\d+)/ // expect: cps-matcher
  for (entry in config) { // expect: cps-map-loop
    echo entry.key
  }
  def sizes = [small: 1]
  for (entry in sizes) echo entry.key // expect: cps-map-loop
  for (entry in [a: 1]) echo entry.key // expect: cps-map-loop
  for (entry in params) echo entry.key // expect: cps-map-loop
  def data = new groovy.json.JsonSlurper().parseText('{}') // expect: cps-json
  synchronized (names) { echo 'one' } // expect: cps-synchronized
}

@NonCPS
String ordered(List names) {
  echo 'in the wrong place' // expect: cps-noncps-call
  names.sort { it }.join(',')
  shout(names) // expect: cps-noncps-call
}

String shout(List names) { names.join('!') }
