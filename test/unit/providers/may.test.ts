import { expect, test } from 'vitest';
import { providers } from '../../../container/providers/index.ts';
import type { Provider } from '../../../container/providers/provider.ts';

const launch = {
  binary: '/bin/cli',
  prompt: 'hi',
  session: { mode: 'new' as const, id: '2b2f0f5e-96f7-4f8e-b6e5-6a3b0d0c1a11' },
  gate: { baseUrl: 'http://127.0.0.1:8787/gate/x', token: 'a-token-of-one-run' },
  cwd: '/w',
  home: '/h',
  tmp: '/t',
};
const { claude = expect.fail(), grok = expect.fail() } = providers;

/** The arguments that set what a run may do. */
const permissions = (provider: Provider, options: Record<string, unknown>) =>
  provider
    .command({ ...launch, options })
    .argv.filter((part) => /^--(permission-mode|allow|allowedTools|always|danger)/.test(part));

const EDIT = ['--permission-mode=dontAsk', expect.stringMatching(/=Edit\(\.\/\*\*\)$/)];
const READ = ['--permission-mode=dontAsk'];
const RUN = ['--permission-mode=bypassPermissions'];

const set: [name: string, provider: Provider, options: Record<string, unknown>, expected: unknown[]][] = [claude, grok].flatMap(
  (provider): typeof set => {
    const { allow = '', skip = '' } = provider.permissions ?? {};
    return [
      ['nothing', provider, {}, EDIT],
      ['options that permit nothing', provider, { [allow]: [], [skip]: false }, EDIT],
      ['read', provider, { may: 'read' }, READ],
      ['edit', provider, { may: 'edit' }, EDIT],
      [
        'edit and a rule',
        provider,
        { may: 'edit', [allow]: ['Bash(git *)'] },
        [...EDIT, expect.stringMatching(/=Bash\(git \*\)$/)],
      ],
      ['run', provider, { may: 'run' }, RUN],
      ['run and a denial', provider, { may: 'run', [provider.permissions?.deny ?? '']: ['WebFetch'] }, RUN],
      ['a rule alone', provider, { [allow]: ['Bash(git *)'] }, [...READ, expect.stringMatching(/=Bash\(git \*\)$/)]],
      ['a mode alone', provider, { permissionMode: 'plan' }, ['--permission-mode=plan']],
      [
        'a waiver alone',
        provider,
        { [skip]: true },
        [expect.stringMatching(/^--(always-approve|dangerously-skip-permissions)$/)],
      ],
    ];
  },
);

test.each(set.map(([name, provider, ...rest]) => [name, provider.title, provider, ...rest] as const))(
  '%s sets what a run of %s may do',
  (_name, _title, provider, options, expected) => {
    expect(permissions(provider, options)).toEqual(expected);
    expect(provider.conflicts(options)).toEqual([]);
  },
);

const contradictions: [provider: Provider, options: Record<string, unknown>, said: string][] = [
  [claude, { may: 'edit', permissionMode: 'bypassPermissions' }, 'may "edit" contradicts permissionMode bypassPermissions'],
  [claude, { may: 'read', permissionMode: 'acceptEdits' }, 'may "read" contradicts permissionMode acceptEdits'],
  [claude, { may: 'run', permissionMode: 'plan' }, 'may "run" contradicts permissionMode plan'],
  [claude, { may: 'edit', permissionMode: 'ask' }, 'may "edit" contradicts permissionMode ask'],
  [claude, { may: 'read', allowedTools: ['Write'] }, 'may "read" contradicts allowedTools'],
  [claude, { may: 'edit', dangerouslySkipPermissions: true }, 'may "edit" contradicts dangerouslySkipPermissions'],
  [claude, { may: 'run', restricted: true }, 'may "run" contradicts restricted'],
  [grok, { may: 'read', alwaysApprove: true }, 'may "read" contradicts alwaysApprove'],
  [grok, { may: 'read', allow: ['Edit(**)'] }, 'may "read" contradicts allow'],
  [grok, { may: 'run', permissionMode: 'dontAsk' }, 'may "run" contradicts permissionMode dontAsk'],
];

test.each(contradictions)('$title refuses %j', (provider, options, said) => {
  expect(provider.conflicts(options)).toContain(`${said}. Give one of them.`);
});

test.each([
  { may: 'edit', permissionMode: 'acceptEdits' },
  { may: 'read', permissionMode: 'dontAsk' },
  { may: 'run', permissionMode: 'bypassPermissions' },
])('both providers accept %j, which agree', (options) => {
  for (const provider of [claude, grok]) expect(provider.conflicts(options)).toEqual([]);
});
