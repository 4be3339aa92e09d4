/**
 * How a Jenkins comes to the commit that COMMIT names. The local one takes REPO and COMMIT itself, and asks the job for
 * the branch only. A real one knows nothing but the job's branch specifier, which it expands and gives to `git rev-parse`:
 * `X-0-g<hash>` is how `git describe` writes a commit, and means that commit whatever X is; with an empty COMMIT the same
 * name is a ref, which the refspec puts on the tip of BRANCH. The `*` lets a branch be missing that was never pushed.
 * Commits that the hooks offer come along by the third refspec.
 */
export const checkouts = {
  local: { branch: '${BRANCH}', refspec: '' },
  remote: {
    branch: 'refs/coalmine/tip/${BRANCH}-0-g${COMMIT}',
    refspec: [
      '+refs/heads/*:refs/remotes/origin/*',
      '+refs/heads/${BRANCH}*:refs/coalmine/tip/${BRANCH}-0-g*',
      '+refs/coalmine/build/*:refs/remotes/origin/coalmine/build/*',
    ].join(' '),
  },
} as const;

/**
 * The job's `config.xml`: a pipeline from the repository's own Jenkinsfile. The parameters stand here as well as
 * in the Jenkinsfile, because Jenkins knows the latter only after the first run.
 */
export function jobXml(repository: string, place: keyof typeof checkouts): string {
  const { branch, refspec } = checkouts[place];
  return `<?xml version="1.1" encoding="UTF-8"?>
<flow-definition plugin="workflow-job">
  <description>Coalmine: test, lint, package, deploy</description>
  <keepDependencies>false</keepDependencies>
  <properties>
    <org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty/>
    <hudson.model.ParametersDefinitionProperty>
      <parameterDefinitions>
        ${stringParameter('REPO', '', 'Clone to build from, where Jenkins runs beside it; empty: the job’s own repository')}
        ${stringParameter('COMMIT', '', 'Commit to build or deploy; empty: the tip of BRANCH')}
        ${stringParameter('BRANCH', 'main', 'Branch the commit belongs to')}
        ${choiceParameter('TARGET', ['none', 'canary', 'prod'], 'Where a green build goes')}
        ${choiceParameter('ACTION', ['build', 'deploy', 'rollback', 'promote', 'scale'], 'What to do')}
        ${stringParameter('COUNT', '', 'For ACTION scale: how many production droplets there shall be')}
      </parameterDefinitions>
    </hudson.model.ParametersDefinitionProperty>
  </properties>
  <definition class="org.jenkinsci.plugins.workflow.cps.CpsScmFlowDefinition" plugin="workflow-cps">
    <scm class="hudson.plugins.git.GitSCM" plugin="git">
      <configVersion>2</configVersion>
      <userRemoteConfigs>
        <hudson.plugins.git.UserRemoteConfig>
          <name>origin</name>
          <url>${escapeXml(repository)}</url>
          <refspec>${refspec}</refspec>
        </hudson.plugins.git.UserRemoteConfig>
      </userRemoteConfigs>
      <branches>
        <hudson.plugins.git.BranchSpec>
          <name>${branch}</name>
        </hudson.plugins.git.BranchSpec>
      </branches>
    </scm>
    <scriptPath>Jenkinsfile</scriptPath>
    <lightweight>false</lightweight>
  </definition>
  <disabled>false</disabled>
</flow-definition>
`;
}

function stringParameter(name: string, value: string, description: string): string {
  return `<hudson.model.StringParameterDefinition><name>${name}</name><description>${description}</description><defaultValue>${value}</defaultValue><trim>true</trim></hudson.model.StringParameterDefinition>`;
}

function choiceParameter(name: string, choices: readonly string[], description: string): string {
  const strings = choices.map((choice) => `<string>${choice}</string>`).join('');
  return `<hudson.model.ChoiceParameterDefinition><name>${name}</name><description>${description}</description><choices class="java.util.Arrays$ArrayList"><a class="string-array">${strings}</a></choices></hudson.model.ChoiceParameterDefinition>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
