import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Message } from 'esbuild';
import { execa } from 'execa';
import { z } from 'zod';
import { Problem } from './problem.js';

/** What can be deployed: the folder's name, and where its `main.ts` stands in it. */
export const parts = ['app-server', 'feature-flag', 'proxy-server', 'monitor'] as const;
export type Part = (typeof parts)[number];

const releaseSchema = z.object({
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  parts: z.partialRecord(z.enum(parts), z.object({ file: z.string(), sha256: z.string() })),
});
export type Release = z.infer<typeof releaseSchema>;

/**
 * Makes one tarball per part: the compiled code and its production dependencies in one file (a bundle starts
 * faster than a tree of modules, and is the same byte for byte for the same source). Returns what was made;
 * a half-made release never appears under its name.
 */
export async function packageRelease(root: string, home: string, commit: string): Promise<Release> {
  const releases = join(home, 'releases');
  await mkdir(releases, { recursive: true });
  const staging = await mkdtemp(join(releases, '.making-'));
  try {
    const entries = await Promise.all(
      parts
        .filter((part) => existsSync(join(root, part, 'src/main.ts')))
        .map(async (part) => [part, await packagePart(root, part, staging)] as const),
    );
    if (entries.length === 0)
      throw new Problem(`${root} has nothing to package`, `Expected one of ${parts.join(', ')}.`);
    const final = join(releases, commit);
    const release: Release = {
      commit,
      parts: Object.fromEntries(
        entries.map(([part, sha256]) => [part, { file: join(final, `${part}.tar.gz`), sha256 }]),
      ),
    };
    await writeFile(join(staging, 'release.json'), `${JSON.stringify(release, null, 2)}\n`);
    await rm(final, { recursive: true, force: true });
    await rename(staging, final);
    return release;
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

/** The release of a commit. Throws a Problem when it was never packaged here, or was damaged since. */
export async function readRelease(home: string, commit: string): Promise<Release> {
  const folder = join(home, 'releases', commit);
  const wayOut = `Build it: coalmine build --commit ${commit}`;
  let text: string;
  try {
    text = await readFile(join(folder, 'release.json'), 'utf8');
  } catch (cause) {
    throw new Problem(`Commit ${commit.slice(0, 10)} has no release in ${folder}`, wayOut, { cause });
  }
  const release = releaseSchema.parse(JSON.parse(text));
  for (const [part, { file, sha256 }] of Object.entries(release.parts)) {
    if ((await checksum(file)) !== sha256) {
      throw new Problem(`${file}: the checksum of ${part} is not the one it was packaged with`, wayOut);
    }
  }
  return release;
}

export function hasRelease(home: string, commit: string): boolean {
  return existsSync(join(home, 'releases', commit, 'release.json'));
}

async function packagePart(root: string, part: Part, staging: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `coalmine-${part}-`));
  try {
    await bundle(join(root, part, 'src/main.ts'), join(folder, 'main.js'));
    const page = join(root, part, 'page');
    if (existsSync(join(page, 'build.mjs')))
      await execa(process.execPath, [join(page, 'build.mjs'), join(folder, 'page')]);
    else if (existsSync(page)) await cp(page, join(folder, 'page'), { recursive: true });
    await writeFile(join(folder, 'package.json'), `${JSON.stringify({ name: part, type: 'module' })}\n`);
    const file = join(staging, `${part}.tar.gz`);
    const tarball = await execa(
      'tar',
      [
        '--sort=name',
        '--mtime=@0',
        '--owner=0',
        '--group=0',
        '--numeric-owner',
        '--mode=u=rwX,go=rX',
        '-C',
        folder,
        '-c',
        '.',
      ],
      { encoding: 'buffer' },
    );
    await execa('gzip', ['-n', '-6'], { input: tarball.stdout, stdout: { file } });
    return await checksum(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** CommonJS dependencies call `require` for Node's own modules, which a module of ES kind has to be given. */
const requireForBundled = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`;

async function bundle(entry: string, outfile: string): Promise<void> {
  try {
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      sourcemap: false,
      legalComments: 'none',
      banner: { js: requireForBundled },
      logLevel: 'silent',
    });
  } catch (error) {
    const [first] = (error as { errors?: Message[] }).errors ?? [];
    if (!first) throw error;
    const where = first.location ? `${first.location.file}:${first.location.line}: ` : '';
    throw new Problem(`Packaging failed: ${where}${first.text}`, undefined, { cause: error });
  }
}

async function checksum(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
