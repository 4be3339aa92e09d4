export interface Config {
  home: string;
  /** Addresses that take mail; one that does not exist yet is tried again. */
  smtpHosts: string[];
  smtpPort: number;
  pagePort: number;
}

/** Reads the settings. Throws an error that names every variable that is wrong and why. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const problems: string[] = [];
  const port = (name: string): number => {
    const text = environment[name];
    const value = Number(text);
    if (text === undefined || text === '') problems.push(`${name}: not set`);
    else if (!Number.isInteger(value) || value < 0 || value > 65_535)
      problems.push(`${name}: ‘${text}’ is not a port`);
    return value;
  };
  const home = environment.COALMINE_MAIL_HOME ?? '';
  if (home === '') problems.push('COALMINE_MAIL_HOME: not set');
  const smtpHosts = (environment.COALMINE_SMTP_HOST ?? '127.0.0.1')
    .split(',')
    .map((host) => host.trim())
    .filter(Boolean);
  if (smtpHosts.length === 0) problems.push('COALMINE_SMTP_HOST: names no address');
  const config = {
    home,
    smtpHosts,
    smtpPort: port('COALMINE_SMTP_PORT'),
    pagePort: port('COALMINE_MAIL_PORT'),
  };
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return config;
}
