// Makes the page of its sources: node build.mjs FOLDER
import { buildPage } from '../../fleet/page/build.mjs';

await buildPage(import.meta.dirname, process.argv[2]);
