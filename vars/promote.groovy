/** Makes the canary's release the release of production. */
def call() {
  sh label: 'promote the canary', script: 'coalmine promote'
}
