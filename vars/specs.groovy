/** Runs the repository's specs; their results are in build/reports as JUnit XML. Reports of an earlier build go first. */
def call() {
  sh label: 'specs', script: 'rm -rf build/reports && coalmine specs'
}
