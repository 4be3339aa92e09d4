/** Checks the sources; the findings are in build/reports/checkstyle.xml, an error among them fails the step. */
def call() {
  sh label: 'lint', script: 'rm -f build/reports/checkstyle.xml && coalmine lint'
}
