/** Runs the repository's specs; their results are in build/reports as JUnit XML. */
def call() {
  sh label: 'specs', script: 'coalmine specs'
}
