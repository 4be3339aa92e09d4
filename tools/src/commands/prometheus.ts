import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileAtomically } from '../files.js';
import { openFleet } from '../fleet.js';
import { Problem, reasonOf } from '../problem.js';
import { openProject } from '../project.js';
import { scrapeTargets } from '../scrape-targets.js';

/** Prints the fleet's targets for Prometheus, or writes them to a file, with `--every` again and again. */
export async function prometheus(options: { out?: string; every?: string }): Promise<void> {
  const project = await openProject();
  const targets = async (): Promise<string> => {
    const { droplets } = await openFleet(project);
    return `${JSON.stringify(scrapeTargets(project.config.name, droplets), null, 2)}\n`;
  };
  if (!options.out) {
    process.stdout.write(await targets());
    return;
  }
  const seconds = options.every === undefined ? null : Number(options.every);
  if (seconds !== null && !(seconds >= 1))
    throw new Problem(`--every: "${options.every}" is not a number of seconds`, 'Such as --every 10.');
  const file = resolve(options.out);
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomically(file, await targets());
  console.log(`✔ ${file}`);
  while (seconds !== null) {
    await sleep(seconds * 1000);
    // A cloud that is away for a moment changes nothing: Prometheus goes on with what it knows.
    await targets().then(
      (text) => writeFileAtomically(file, text),
      (error: unknown) => console.error(`coalmine: the targets stay as they are: ${reasonOf(error)}`),
    );
  }
}
