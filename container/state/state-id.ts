import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writeJson } from './files.ts';

const Identity = z.object({ id: z.uuid() });

/** The id of a state directory: made once, the same as long as its content is there. */
export async function identify(stateDirectory: string): Promise<string> {
  const path = join(stateDirectory, 'state.json');
  const known = await readJson(path, Identity);
  const { id } = known ?? { id: randomUUID() };
  if (known === undefined) await writeJson(path, { id });
  return id;
}
