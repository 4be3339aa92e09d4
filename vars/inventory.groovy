/** Writes the Ansible inventory of the droplets that there are. */
def call() {
  sh label: 'inventory', script: 'coalmine inventory'
}
