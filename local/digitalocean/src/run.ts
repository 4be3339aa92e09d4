import { execa } from 'execa';

/** Runs a program of the system. Throws an error with its own words, and with the package when it is missing. */
export function run(program: string, ...parameters: string[]): Promise<string> {
  return runWithInput('', program, ...parameters);
}

/** The same for a program that reads its orders. */
export async function runWithInput(input: string, program: string, ...parameters: string[]): Promise<string> {
  const { exitCode, stdout, stderr, code } = await execa(program, parameters, { reject: false, input });
  if (code === 'ENOENT')
    throw new Error(`${program} is not installed: apt-get install ${packageOf[program] ?? program}`);
  if (exitCode !== 0) {
    const words = (stderr.trim() || stdout.trim()).split('\n').slice(-5).join('\n');
    throw new Error(`${[program, ...parameters].join(' ')} ended with ${exitCode ?? 'a signal'}: ${words}`);
  }
  return stdout;
}

/** The same for a program whose failure means that there was nothing to do. */
export async function runAnyway(program: string, ...parameters: string[]): Promise<void> {
  await execa(program, parameters, { reject: false, stdin: 'ignore' });
}

const packageOf: Record<string, string> = {
  ip: 'iproute2',
  nft: 'nftables',
  'systemd-nspawn': 'systemd-container',
};
