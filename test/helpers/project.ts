import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/local/environment.ts';

/** Copies the project without .dev.vars, without the CLIs, and with a fixture instead of the Worker. */
export function copyProject(root: string) {
  for (const name of ['container', 'package.json', 'scripts', 'src'])
    cpSync(join(ROOT, name), join(root, name), { recursive: true, filter: (path) => !path.endsWith('/.bin') });
  cpSync(join(ROOT, 'test/fixtures/token-worker.mjs'), join(root, 'scripts/local/worker/main.ts'));
  mkdirSync(join(root, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules')).filter((name) => !/^@(anthropic-ai|xai-official)$/.test(name)))
    symlinkSync(join(ROOT, 'node_modules', name), join(root, 'node_modules', name));
}
