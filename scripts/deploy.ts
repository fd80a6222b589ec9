// `npm run deploy`: builds and deploys Worker and image. --dry-run runs the checks that need no account; --config names another file than
// wrangler.toml.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { providers } from '../container/providers/index.ts';
import { keySettings } from '../src/gate/upstreams.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { checkConfiguration } from './cli/configuration.ts';
import { parseFlags } from './cli/flags.ts';
import { print } from './cli/print.ts';
import { buildImage, dockerVersion, requireDocker } from './local/docker.ts';
import { ROOT } from './local/environment.ts';

const FLAGS = {
  'dry-run': { type: 'boolean', default: false },
  config: { type: 'string', default: join(ROOT, 'wrangler.toml') },
} as const;

const HELP = `npm run deploy -- [--dry-run] [--config FILE]

Builds and deploys the Worker and its image to Cloudflare; needs Docker and the login of npx wrangler login.

  --dry-run      run the checks that need no account, and deploy nothing
  --config FILE  another file than wrangler.toml`;

const IMAGE = 'llm-cli-gateway-executor:dry-run';

/** Secrets by purpose; one name per entry is enough. */
const SECRETS: { names: string[]; why: string }[] = [
  {
    names: ['OWNER_PASSPHRASE_HASH', 'OIDC_CLIENT_SECRET', 'GITHUB_CLIENT_SECRET'],
    why: 'sign-in of people; npm run passphrase prints the first',
  },
  ...Object.values(providers).map((provider) => ({ names: keySettings(provider), why: `requests to ${provider.title}` })),
  { names: ['CREDENTIALS_SECRET'], why: 'sealing the keys that accounts store; openssl rand -base64 32; optional' },
  { names: ['GATEWAY_TOKEN'], why: "the owner's token for scripts, at least 16 characters; optional" },
];

function printSecrets() {
  print('Secrets, each set by "npx wrangler secret put NAME":');
  for (const { names, why } of SECRETS) print(`  ${names.join(' or ')}: ${why}`);
}

function checkImage() {
  if (dockerVersion() === null)
    return print('--  image: not built, because no Docker engine answers to "docker info"; a deploy needs one');
  if (!buildImage(IMAGE)) throw new CommandError('The image could not be built: see above.');
  print('ok  image');
}

/** Runs wrangler in the operator's own environment, which holds its login. */
function deploy(config: string) {
  requireDocker(', because the image is built on this machine');
  const argv = [join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), 'deploy', '--config', config];
  const { status } = spawnSync(process.execPath, argv, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new CommandError('wrangler could not deploy: see above. To sign in, run npx wrangler login.');
}

try {
  const { 'dry-run': isDry, config } = parseFlags(HELP, FLAGS);
  const file = resolve(config);
  await checkConfiguration(file);
  print('ok  configuration and bundle');
  if (isDry) checkImage();
  else deploy(file);
  printSecrets();
} catch (error) {
  reportFailure(error);
}
