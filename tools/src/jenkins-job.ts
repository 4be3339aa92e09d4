/**
 * The job's `config.xml`: a pipeline from the repository's own Jenkinsfile. The parameters stand here as well as
 * in the Jenkinsfile, because Jenkins knows the latter only after the first run.
 */
export function jobXml(repository: string): string {
  return `<?xml version="1.1" encoding="UTF-8"?>
<flow-definition plugin="workflow-job">
  <description>Coalmine: test, lint, package, deploy</description>
  <keepDependencies>false</keepDependencies>
  <properties>
    <org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty/>
    <hudson.model.ParametersDefinitionProperty>
      <parameterDefinitions>
        ${stringParameter('REPO', '', 'Repository to fetch the commit from; empty for the job’s own')}
        ${stringParameter('COMMIT', '', 'Commit to build; empty for the tip of BRANCH')}
        ${stringParameter('BRANCH', 'main', 'Branch the commit is on')}
        ${choiceParameter('TARGET', ['none', 'canary', 'prod'], 'Where to deploy')}
        ${choiceParameter('ACTION', ['build', 'deploy', 'rollback', 'promote', 'scale'], 'What to do')}
        ${stringParameter('COUNT', '', 'For scale: how many droplets production is to have')}
      </parameterDefinitions>
    </hudson.model.ParametersDefinitionProperty>
  </properties>
  <definition class="org.jenkinsci.plugins.workflow.cps.CpsScmFlowDefinition" plugin="workflow-cps">
    <scm class="hudson.plugins.git.GitSCM" plugin="git">
      <configVersion>2</configVersion>
      <userRemoteConfigs>
        <hudson.plugins.git.UserRemoteConfig>
          <url>${escapeXml(repository)}</url>
        </hudson.plugins.git.UserRemoteConfig>
      </userRemoteConfigs>
      <branches>
        <hudson.plugins.git.BranchSpec>
          <name>\${BRANCH}</name>
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
