import { parseJobConfig } from '../src/job-config.js';
import { scmXml } from './controller.js';

/** As jenkins-job-builder writes it. */
const builderXml = `<?xml version="1.0" encoding="utf-8"?>
<flow-definition plugin="workflow-job">
  <definition plugin="workflow-cps" class="org.jenkinsci.plugins.workflow.cps.CpsScmFlowDefinition">
    <sandbox>true</sandbox>
    <scm class="hudson.plugins.git.GitSCM">
      <userRemoteConfigs><hudson.plugins.git.UserRemoteConfig><name>origin</name><url>file:///srv/git/shop.git</url></hudson.plugins.git.UserRemoteConfig></userRemoteConfigs>
      <branches><hudson.plugins.git.BranchSpec><name>\${REF}</name></hudson.plugins.git.BranchSpec></branches>
    </scm>
    <scriptPath>ci/Jenkinsfile</scriptPath>
  </definition>
  <authToken>hook</authToken>
  <description>d&lt;!-- Managed by Jenkins Job Builder --&gt;</description>
  <properties>
    <org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty/>
    <jenkins.model.BuildDiscarderProperty><strategy class="hudson.tasks.LogRotator"><numToKeep>7</numToKeep></strategy></jenkins.model.BuildDiscarderProperty>
    <hudson.model.ParametersDefinitionProperty><parameterDefinitions>
      <hudson.model.StringParameterDefinition><name>REF</name><description/><defaultValue>main</defaultValue></hudson.model.StringParameterDefinition>
      <hudson.model.BooleanParameterDefinition><name>DRY</name><defaultValue>true</defaultValue></hudson.model.BooleanParameterDefinition>
      <hudson.model.ChoiceParameterDefinition><name>TARGET</name><choices class="java.util.Arrays$ArrayList"><a class="string-array"><string>none</string><string>prod</string></a></choices></hudson.model.ChoiceParameterDefinition>
    </parameterDefinitions></hudson.model.ParametersDefinitionProperty>
  </properties>
</flow-definition>`;

describe('config.xml', () => {
  it('is read as jenkins-job-builder writes it', () => {
    const config = parseJobConfig(builderXml);
    expect(config.definition).toEqual({
      kind: 'scm',
      url: 'file:///srv/git/shop.git',
      branch: '${REF}',
      refspec: '',
      scriptPath: 'ci/Jenkinsfile',
    });
    expect(config.concurrent).toBeFalse();
    expect(config.keep).toBe(7);
    expect(config.authToken).toBe('hook');
    expect(config.description).toBe('d<!-- Managed by Jenkins Job Builder -->');
    const found = config.parameters.map(({ kind, name, defaultValue }) => [kind, name, defaultValue]);
    expect(found).toEqual([
      ['string', 'REF', 'main'],
      ['boolean', 'DRY', true],
      ['choice', 'TARGET', 'none'],
    ]);
  });

  it('may name a path with anything in it', () => {
    const { definition } = parseJobConfig(scmXml('/srv/a "b" & <c>', []));
    expect(definition).toEqual(jasmine.objectContaining({ url: '/srv/a "b" & <c>' }));
  });

  it('is refused with the reason', () => {
    expect(() => parseJobConfig('<project/>')).toThrowError(/not a pipeline job/);
    expect(() => parseJobConfig('<flow-definition>')).toThrowError(/not well-formed/);
  });
});
