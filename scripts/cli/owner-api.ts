import { z } from 'zod';
import { CommandError } from './command-error.ts';
import { unreachable } from './gateway-client.ts';

const ApiError = z.object({ error: z.object({ message: z.string() }) });

/** A function that calls the gateway's API as its owner and returns the body. */
export const ownerApi =
  (url: string, owner: string) =>
  async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const headers = { authorization: `Bearer ${owner}`, 'content-type': 'application/json' };
    const response = await fetch(new URL(path, url), { ...init, headers }).catch((error: unknown) => {
      throw unreachable(url, error);
    });
    const body: unknown = await response.json().catch(() => null);
    if (response.ok) return body;
    throw new CommandError(`${url}: ${ApiError.safeParse(body).data?.error.message ?? `HTTP ${response.status}`}`);
  };
