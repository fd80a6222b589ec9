import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { print } from '../../../scripts/cli/print.ts';
import type { Variables } from '../../../scripts/local/dev-vars.ts';
import { docker } from '../../../scripts/local/docker.ts';
import { WRANGLER_DIRECTORY } from '../../../scripts/local/environment.ts';
import { type Gateway, startGateway } from '../../../scripts/local/gateway.ts';
import { connect, type McpClient } from '../../helpers/mcp-client.ts';
import { type Box, boxesOf } from './engine.ts';
import { jobsOf } from './jobs.ts';
import { filesWith, MARK, processesWith, secrets } from './secrets.ts';

/** Name of the image that wrangler builds for one gateway. */
const BUILT = /cloudflare-dev\/runner:[0-9a-f]+/;

/** Runs an offline gateway, by default with containers, for the length of a test file. At the end, checks that its keys are only in its Worker. */
export function useSite(variables: () => Variables | Promise<Variables> = () => ({}), containers = true) {
  mkdirSync(WRANGLER_DIRECTORY, { recursive: true });
  const state = mkdtempSync(join(WRANGLER_DIRECTORY, 'container-'));
  const stop = new AbortController();
  let gateway: Gateway;
  let owner: McpClient;
  beforeAll(async () => {
    const options = { port: 0, state, offline: true, containers, variables: { ...secrets(), ...(await variables()) }, print };
    gateway = await startGateway(options, stop.signal);
    owner = await connect(gateway.url, gateway.settings.token);
  });
  const image = () => BUILT.exec(readFileSync(join(state, 'logs/worker.log'), 'utf8'))?.[0] ?? '';
  afterAll(async () => {
    const inContainers = await Promise.all(boxes().map(keysIn));
    const inProcesses = processesWith(MARK);
    await owner?.close();
    stop.abort();
    await gateway?.ended;
    const found = [...inContainers.flat(), ...inProcesses, ...filesWith(state, MARK)];
    docker('rmi', image());
    rmSync(state, { recursive: true });
    expect(found).toEqual([]);
  });
  /** This gateway's running containers, newest first. */
  const boxes = () => boxesOf(image());
  /** Places in a container that hold a key; none if the container stops meanwhile. */
  const keysIn = (box: Box) =>
    box.holding(MARK).catch((error: unknown) => {
      if (boxes().some(({ id }) => id === box.id)) throw error;
      return [];
    });
  /** The only running container. */
  const onlyBox = () => {
    const [box, ...more] = boxes();
    if (!box || more.length > 0) throw new Error(`expected one container, got ${box ? more.length + 1 : 0}`);
    return box;
  };
  /** Starts later containers from another image, as after a deploy. */
  const rollOut = (tag: string) => docker('tag', tag, image());
  return { ...jobsOf((tool, args) => owner.call(tool, args)), state, gateway: () => gateway, boxes, onlyBox, rollOut };
}
