import { resolve } from 'node:path';
import { ROOT } from './environment.ts';
import { gatewayIn } from './state.ts';

/** Help text about the address, the same for every command. */
export const URL_HELP = 'Without --url the address is that of the gateway that runs on --state, else http://127.0.0.1:8787.';

const DEFAULT_URL = 'http://127.0.0.1:8787/mcp';

/** The URL for MCP clients of the gateway that runs on a state directory, or undefined if none does. */
export const runningUrl = (state: string) => gatewayIn(resolve(ROOT, state))?.url;

/** The gateway's address: `given`, else that of the gateway that runs on the state directory, else the default one. */
export const gatewayUrl = (state: string, given?: string): string => given ?? runningUrl(state) ?? DEFAULT_URL;
