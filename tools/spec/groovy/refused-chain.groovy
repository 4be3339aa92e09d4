def call() {
  pipeline {
    agent any
    stages {
      stage('One') {
        when { expression { true } } steps { echo 'one' } // expect: chained-sections
      }
    }
  }
}
