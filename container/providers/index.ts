import { claude } from './claude/claude.ts';
import { grok } from './grok/grok.ts';
import type { Provider } from './provider.ts';

/** Every provider by id. */
export const providers: Record<string, Provider> = { claude, grok };

/** The titles of all providers, joined for a sentence. */
export const providerTitles = (): string => new Intl.ListFormat('en').format(Object.values(providers).map(({ title }) => title));
