import { XMLParser } from 'fast-xml-parser';

export interface ParameterDefinition {
  kind: 'string' | 'text' | 'boolean' | 'choice' | 'password';
  name: string;
  description: string;
  choices?: string[];
  defaultValue: string | boolean;
}

export type Definition =
  | { kind: 'scm'; url: string; branch: string; refspec: string; scriptPath: string }
  | { kind: 'inline'; script: string };

export interface JobConfig {
  description: string;
  disabled: boolean;
  concurrent: boolean;
  /** How many builds are kept; undefined for all. */
  keep?: number;
  authToken?: string;
  parameters: ParameterDefinition[];
  definition: Definition;
}

type Xml = Record<string, unknown>;

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  trimValues: false,
  // Scripts are full of entities, numeric ones too; a config is its author's own, so there is no limit to fear.
  htmlEntities: true,
  processEntities: { enabled: true, maxTotalExpansions: Infinity, maxExpandedLength: Infinity },
});

/** Reads the config.xml of a pipeline job. Throws with what is wrong when it is none. */
export function parseJobConfig(xml: string): JobConfig {
  let document: Xml;
  try {
    // fast-xml-parser knows no XML 1.1, which Jenkins declares though its files never need it.
    document = parser.parse(xml.replace(/^\s*<\?xml[^>]*\?>/, ''), true) as Xml;
  } catch (error) {
    throw new Error(`config.xml is not well-formed: ${(error as Error).message}`, { cause: error });
  }
  if (!('flow-definition' in document)) {
    throw new Error('config.xml is not a pipeline job: its root must be <flow-definition>');
  }
  const root = child(document, 'flow-definition');
  const properties = child(root, 'properties');
  const discarder = child(child(properties, 'jenkins.model.BuildDiscarderProperty'), 'strategy');
  const keep = Number.parseInt(text(discarder, 'numToKeep'), 10);
  const authToken = text(root, 'authToken').trim();
  return {
    description: text(root, 'description'),
    disabled: text(root, 'disabled').trim() === 'true',
    concurrent: !Object.keys(properties).some((name) => name.endsWith('.DisableConcurrentBuildsJobProperty')),
    ...(keep > 0 ? { keep } : {}),
    ...(authToken ? { authToken } : {}),
    parameters: parameters(
      child(child(properties, 'hudson.model.ParametersDefinitionProperty'), 'parameterDefinitions'),
    ),
    definition: definition(child(root, 'definition')),
  };
}

function definition(node: Xml): Definition {
  const type = text(node, '@class');
  if (type.endsWith('CpsFlowDefinition')) return { kind: 'inline', script: text(node, 'script') };
  if (!type.endsWith('CpsScmFlowDefinition')) {
    throw new Error(`config.xml: <definition class="${type}"> is not a pipeline definition`);
  }
  const scm = child(node, 'scm');
  const remotes = child(scm, 'userRemoteConfigs');
  const branches = child(scm, 'branches');
  return {
    kind: 'scm',
    url: text(child(remotes, 'hudson.plugins.git.UserRemoteConfig'), 'url').trim(),
    branch: text(child(branches, 'hudson.plugins.git.BranchSpec'), 'name').trim() || '*/master',
    refspec: text(child(remotes, 'hudson.plugins.git.UserRemoteConfig'), 'refspec').trim(),
    scriptPath: text(node, 'scriptPath').trim() || 'Jenkinsfile',
  };
}

function parameters(node: Xml): ParameterDefinition[] {
  return Object.entries(node).flatMap(([type, value]) => {
    const kind = /\.(String|Text|Boolean|Choice|Password)ParameterDefinition$/.exec(type)?.[1]?.toLowerCase();
    if (!kind) return [];
    return list(value).map((entry) => parameter(kind as ParameterDefinition['kind'], entry));
  });
}

function parameter(kind: ParameterDefinition['kind'], node: Xml): ParameterDefinition {
  const base = { kind, name: text(node, 'name').trim(), description: text(node, 'description') };
  if (kind === 'boolean') return { ...base, defaultValue: text(node, 'defaultValue').trim() === 'true' };
  if (kind !== 'choice') return { ...base, defaultValue: text(node, 'defaultValue') };
  const choices = strings(child(node, 'choices'));
  return { ...base, choices, defaultValue: choices[0] ?? '' };
}

/** `<choices><a><string>…` of Jenkins, or `<choices><string>…`. */
function strings(node: Xml): string[] {
  const holder = 'a' in node ? child(node, 'a') : node;
  const values = holder.string;
  return (Array.isArray(values) ? values : values === undefined ? [] : [values]).map((value) =>
    typeof value === 'object' && value !== null ? text({ value } as Xml, 'value') : String(value),
  );
}

function child(node: Xml, name: string): Xml {
  return list(node[name])[0] ?? {};
}

function list(value: unknown): Xml[] {
  if (value === undefined || value === null || typeof value === 'string') return [];
  return (Array.isArray(value) ? value : [value]).filter(
    (entry): entry is Xml => typeof entry === 'object' && entry !== null,
  );
}

function text(node: Xml, name: string): string {
  const value = node[name];
  if (value === undefined || value === null) return '';
  if (typeof value === 'object') return String((value as Xml)['#text'] ?? '');
  return String(value);
}
