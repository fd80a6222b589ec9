// `node scripts/run.mjs COMMAND ARGS...`: runs a command of package.json. Plain JavaScript of an old Node, because it reports in one sentence
// why this machine cannot run the commands, which are TypeScript and import packages.
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

const [command = '', ...args] = process.argv.slice(2);
const script = fileURLToPath(new URL(`${command}.ts`, import.meta.url));
const installed = fileURLToPath(new URL('../node_modules/.package-lock.json', import.meta.url));

function refuse(why) {
  process.stderr.write(`${why} Run npm ci in the project's directory, then this command again.\n`);
  process.exit(1);
}

if (!existsSync(installed)) refuse('The packages of this project are not installed.');
// False or missing in a Node that cannot run TypeScript.
if (!process.features.typescript)
  refuse(`Node ${process.versions.node} cannot run this project, and the pinned Node is not installed.`);
// Each start of a process loads megabytes of code, which is compiled once. A Node may lack this.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../.wrangler/compiled', import.meta.url));
nodeModule.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
process.argv.splice(1, process.argv.length, script, ...args);
try {
  await import(new URL(`${command}.ts`, import.meta.url).href);
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  refuse('A package of this project is not installed.');
}
