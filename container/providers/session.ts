import type { Launch } from './provider.ts';

/** Flags that start, continue or copy a conversation, in either CLI. */
export function sessionArguments(session: Launch['session']): string[] {
  switch (session.mode) {
    case 'new':
      return [`--session-id=${session.id}`];
    case 'resume':
      return [`--resume=${session.id}`];
    case 'fork':
      return [`--resume=${session.from ?? session.id}`, '--fork-session', `--session-id=${session.id}`];
    default:
      return session satisfies never;
  }
}
