// A Groovy script in Debian's Groovy 2.4, the version that Jenkins runs. /usr/bin/groovy wants a JAVA_HOME; java does not.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const jar = process.env.COALMINE_GROOVY_JAR ?? '/usr/share/java/groovy-all.jar';
const quickStart = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dfile.encoding=UTF-8'];

/** What the script prints. Throws with what it said when it breaks, or when there is no Groovy. */
export async function groovy(script, parameters, moreJars = []) {
  if (!existsSync(jar)) {
    throw new Error(`${jar} is missing: install Debian's groovy package, or set COALMINE_GROOVY_JAR`);
  }
  const classPath = [jar, ...moreJars].join(':');
  try {
    const java = [...quickStart, '-cp', classPath, 'groovy.ui.GroovyMain', script, ...parameters];
    return (await run('java', java, { maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    if (error.code === 'ENOENT') {
      throw new Error('java is missing: install default-jre-headless', { cause: error });
    }
    throw new Error(`${script} broke: ${error.stderr || error.message}`, { cause: error });
  }
}
