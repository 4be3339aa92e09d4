// Makes the page of its sources: node build.mjs FOLDER
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const [folder] = process.argv.slice(2);
if (!folder) throw new Error('build.mjs: say where to: node build.mjs FOLDER');

await mkdir(folder, { recursive: true });
await build({
  entryPoints: [join(here, 'main.ts'), join(here, 'style.css')],
  outdir: folder,
  bundle: true,
  minify: true,
  platform: 'browser',
  target: 'es2022',
  format: 'esm',
  legalComments: 'none',
  logLevel: 'warning',
});
for (const file of ['index.html', 'icon.svg']) await cp(join(here, file), join(folder, file));
