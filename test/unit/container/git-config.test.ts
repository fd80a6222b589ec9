import { expect, test } from 'vitest';
import { describingConfig } from '../../../container/state/git-config.ts';

const CLONED = `[core]
  repositoryformatversion = 0
  filemode = true
  bare = false
[remote "origin"]
  url = https://git.example/a.git
  fetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
  remote = origin
  merge = refs/heads/main
[user]
  name = Ann "A" Example
`;

test('name, remotes, branches and format of a repository stay', () => {
  expect(describingConfig(CLONED).replaceAll('\t', '  ')).toBe(`[core]
  repositoryformatversion = "0"
  filemode = "true"
  bare = "false"
[remote "origin"]
  url = "https://git.example/a.git"
  fetch = "+refs/heads/*:refs/remotes/origin/*"
[branch "main"]
  remote = "origin"
  merge = "refs/heads/main"
[user]
  name = "Ann A Example"
`);
});

test('a written configuration stays as it is', () => {
  const written = describingConfig(CLONED);
  expect(describingConfig(written)).toBe(written);
});

test.for([
  { what: 'the monitor of files', config: '[core]\n fsmonitor = touch x' },
  { what: 'the directory of hooks', config: '[core]\nhooksPath = hooks' },
  { what: 'a pager', config: '[core]\npager = sh\n[pager]\nstatus = sh' },
  { what: 'the transport', config: '[core]\nsshCommand = sh' },
  { what: 'a filter', config: '[filter "x"]\nclean = sh' },
  { what: 'an external diff', config: '[diff]\nexternal = sh\n[diff "x"]\n textconv = sh\n command = sh' },
  { what: 'another file', config: '[include]\npath = evil' },
  { what: 'another file on a condition', config: '[includeIf "gitdir:/"]\npath = evil' },
  { what: 'a program of a remote', config: '[remote "o"]\n uploadPack = sh\n vcs = x' },
  { what: 'an address that starts a program', config: '[remote "o"]\nurl = ext::sh -c x' },
  { what: 'an address that is an option', config: '[remote "o"]\nurl = --upload-pack=x' },
  { what: 'a rewritten address', config: '[url "ext::sh -c x"]\ninsteadOf = https' },
  { what: 'an alias', config: '[alias]\nst = !sh' },
  { what: 'settings of a worktree', config: '[extensions]\nworktreeConfig = true' },
  { what: 'a setting on the line of its section', config: '[core] fsmonitor = sh' },
  { what: 'a setting continued on the next line', config: '[core]\nbare = \\\n fsmonitor = x\\' },
  { what: 'a setting in a section that only resembles one', config: '[core.sub]\nbare = true' },
])('$what is left out', ({ config }) => {
  expect(describingConfig(config)).not.toMatch(/=/);
});
