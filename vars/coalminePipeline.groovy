/** The whole pipeline of a repository that Coalmine releases; what is different there are its settings. */
def call(Map config = [:]) {
  List known = ['agent', 'branch', 'credentials', 'keep', 'timeout']
  String unknown = config.keySet().find { !(it in known) }
  if (unknown) error "coalminePipeline: unknown setting '${unknown}', allowed: ${known.join(', ')}"
  String agentLabel = config.agent ?: ''
  String branchName = config.branch ?: 'main'
  Map credentialIds = config.credentials ?: [:]
  int minutes = config.timeout ?: 30
  String kept = "${config.keep ?: 50}"

  pipeline {
    agent { label agentLabel }

    options {
      disableConcurrentBuilds()
      timeout(time: minutes, unit: 'MINUTES')
      buildDiscarder(logRotator(numToKeepStr: kept))
      timestamps()
    }

    parameters {
      string(name: 'REPO', defaultValue: '', description: 'Clone to build from, where Jenkins runs beside it; empty: the job\'s own repository')
      string(name: 'COMMIT', defaultValue: '', description: 'Commit to build or deploy; empty: the tip of BRANCH')
      string(name: 'BRANCH', defaultValue: branchName, description: 'Branch the commit belongs to')
      choice(name: 'TARGET', choices: ['none', 'canary', 'prod'], description: 'Where a green build goes')
      choice(name: 'ACTION', choices: ['build', 'deploy', 'rollback', 'promote', 'scale'], description: 'What to do')
      string(name: 'COUNT', defaultValue: '', description: 'For ACTION scale: how many production droplets there shall be')
    }

    stages {
      stage('Check') {
        when { expression { params.ACTION == 'build' } }
        parallel {
          stage('Test') {
            steps {
              describeBuild()
              specs()
            }
          }
          stage('Lint') {
            steps { lint() }
          }
        }
      }
      stage('Package') {
        when { expression { params.ACTION == 'build' } }
        steps { packageRelease commit: params.COMMIT }
      }
      stage('Deploy') {
        when { expression { params.ACTION != 'build' || params.TARGET != 'none' } }
        steps {
          describeBuild()
          withFleetCredentials(credentialIds) {
            release action: params.ACTION, target: params.TARGET, commit: params.COMMIT, count: params.COUNT
          }
        }
      }
    }

    post {
      always {
        script {
          if (params.ACTION == 'build') publishReports()
        }
      }
      unsuccessful { notify result: currentBuild.currentResult }
      fixed { notify result: 'FIXED' }
    }
  }
}
