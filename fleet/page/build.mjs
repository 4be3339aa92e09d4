import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Makes a service's page of its sources, into a folder. */
export async function buildPage(sources, folder) {
  if (!folder) throw new Error('build.mjs: say where to: node build.mjs FOLDER');
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [join(sources, 'main.ts'), join(sources, 'style.css')],
    outdir: folder,
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    legalComments: 'none',
    logLevel: 'warning',
  });
  for (const file of ['index.html', 'icon.svg']) await cp(join(sources, file), join(folder, file));
}
