import { claude } from './claude.ts';
import { grok } from './grok.ts';
import type { Provider } from './provider.ts';

/** All providers by id. */
export const providers: Record<string, Provider> = { claude, grok };
