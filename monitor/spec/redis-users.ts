import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const template = resolve(import.meta.dirname, '../../../ansible/roles/redis/templates/users.acl.j2');

/** Jinja as Ansible uses it, with the one filter of Ansible's own that the template asks for. */
const render = `
import hashlib, jinja2, sys
env = jinja2.Environment(trim_blocks=True)
env.filters['hash'] = lambda text, kind: hashlib.new(kind, text.encode()).hexdigest()
class Secrets(dict):
    def __missing__(self, name): return name + '-secret'
print(env.from_string(open(sys.argv[1]).read()).render(coalmine_secrets={'redis': Secrets()}))
`;

/**
 * Writes the fleet's own rights of Redis' users to a file; a user's password is its name with `-secret`. Who gives no
 * name is let in, here only: the spec itself.
 */
export async function writeUsers(file: string): Promise<void> {
  const { stdout } = await promisify(execFile)('python3', ['-c', render, template]);
  const users = stdout
    .split('\n')
    .filter((line) => line.startsWith('user ') && !line.startsWith('user default'));
  await writeFile(file, ['user default on nopass ~* &* +@all', ...users, ''].join('\n'));
}
