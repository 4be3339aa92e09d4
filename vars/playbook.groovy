/** Runs one of the repository's playbooks on the fleet. */
def call(String name) {
  withEnv(["PLAYBOOK=${name}"]) {
    sh label: "playbook ${name}", script: 'coalmine playbook "$PLAYBOOK"'
  }
}
