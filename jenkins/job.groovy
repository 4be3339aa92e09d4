// The job, for the job-dsl plugin. `coalmine up` writes the same one through Jenkins' API (tools/src/jenkins-job.ts),
// where it is also told why the branch is called what it is called.
pipelineJob('coalmine') {
  description('Coalmine: test, lint, package, deploy')
  parameters {
    stringParam('REPO', '', 'Clone to build from, where Jenkins runs beside it; empty: the job\'s own repository')
    stringParam('COMMIT', '', 'Commit to build or deploy; empty: the tip of BRANCH')
    stringParam('BRANCH', 'main', 'Branch the commit belongs to')
    choiceParam('TARGET', ['none', 'canary', 'prod'], 'Where a green build goes')
    choiceParam('ACTION', ['build', 'deploy', 'rollback', 'promote', 'scale'], 'What to do')
    stringParam('COUNT', '', 'For ACTION scale: how many production droplets there shall be')
  }
  properties {
    disableConcurrentBuilds()
  }
  definition {
    cpsScm {
      scm {
        git {
          remote {
            name('origin')
            url(COALMINE_REPOSITORY)
            refspec('+refs/heads/*:refs/remotes/origin/* +refs/heads/${BRANCH}*:refs/coalmine/tip/${BRANCH}-0-g* +refs/coalmine/build/*:refs/remotes/origin/coalmine/build/*')
          }
          branch('refs/coalmine/tip/${BRANCH}-0-g${COMMIT}')
        }
      }
      scriptPath('Jenkinsfile')
      lightweight(false)
    }
  }
}
