/** Tells people how a build ended; a mail that cannot be sent does not change the result. */
def call(Map config = [:]) {
  catchError(message: 'the notification was not sent', buildResult: null, stageResult: null) {
    withEnv(["RESULT=${config.result ?: currentBuild.currentResult}"]) {
      sh label: 'notify', script: 'coalmine notify --result "$RESULT"'
    }
  }
}
