import { randomUUID } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { requestOf, startExecutor, temporaryDirectory, textOf } from './executor.ts';

let executor: Awaited<ReturnType<typeof startExecutor>>;
beforeAll(async () => {
  executor = await startExecutor();
});

const REPOSITORY =
  'git init -q . && git config user.name A && git config user.email a@example.com && echo 1 > f && git add f && git commit -qm 1 && echo 2 > f';
const HIT = 'touch $PWD/executed; cat';
/** Commands that only read, as CLIs permit them without a question. */
const READS = 'git status; git diff; git log -p -1; git show; git branch; git grep 1; git blame f';

/** What a run plants in its working directory, and where the commands of the next run are. */
const PLANTS = [
  { what: 'a monitor of files', plant: `git config core.fsmonitor '${HIT}'` },
  { what: 'an external diff', plant: `git config diff.external '${HIT}'` },
  { what: 'a converter for diffs', plant: `git config diff.x.textconv '${HIT} f #' && echo '* diff=x' > .gitattributes` },
  { what: 'a filter', plant: `git config filter.x.clean '${HIT}' && echo 'f filter=x' > .gitattributes && touch f` },
  {
    what: 'a filter in the attributes of the repository',
    plant: `git config filter.x.clean '${HIT}' && echo 'f filter=x' > .git/info/attributes && touch f`,
  },
  // Git does not always write its index for a file that changed just after it.
  {
    what: 'a hook',
    plant: 'echo "touch $PWD/executed" > .git/hooks/post-index-change; chmod +x .git/hooks/*; touch -d 2001-01-01 f',
  },
  { what: 'an included file', plant: `git config include.path ../evil && printf '[core]\\n fsmonitor = "${HIT}"' > evil` },
  {
    what: 'settings of a worktree',
    plant: `git config extensions.worktreeConfig true && git config --worktree core.fsmonitor '${HIT}'`,
  },
  {
    what: 'a monitor in a nested repository',
    plant: `mkdir -p a/b && cp -r .git f a/b && cd a/b && git config core.fsmonitor '${HIT}'`,
    at: 'a/b',
  },
  {
    what: 'a converter in a repository elsewhere in the workspace',
    plant: `mv .git hidden && echo 'gitdir: hidden' > .git && git config diff.x.textconv '${HIT} f #' && echo '* diff=x' > .gitattributes`,
  },
  {
    what: 'a converter in a linked repository',
    plant: `mv .git hidden && ln -s hidden .git && git config diff.x.textconv '${HIT} f #' && echo '* diff=x' > .gitattributes`,
  },
  {
    what: 'a directory that looks like a repository',
    plant: `mv .git/* . && rm -r .git && git --git-dir=. config core.bare false && git --git-dir=. config core.worktree . && git --git-dir=. config core.fsmonitor '${HIT}'`,
  },
];

test.for(PLANTS)('$what that one run plants is not executed by the next one', async ({ plant, at = '.' }) => {
  const workspace = `w-${randomUUID().slice(0, 8)}`;
  const look = `cd ${at}; { ${READS}; } >/dev/null 2>&1; ls executed 2>/dev/null; rm -f executed`;
  // Without the settings of the environment, and before it is cleaned, the plant works.
  const effective = `env -u GIT_CONFIG_COUNT sh -c '${look.replaceAll("'", "'\\''")}'`;
  const planted = [{ shell: REPOSITORY }, { shell: plant }, { shell: effective }];
  expect(textOf(await executor.play(requestOf(planted, { workspace })))).toBe('executed\n');
  expect(textOf(await executor.play(requestOf([{ shell: look }], { workspace })))).toBe('');
});

test('a repository keeps its name, remotes and branches for the next run', async () => {
  const setup = `${REPOSITORY} && git branch -m main && git remote add origin https://git.example/a.git && git config branch.main.remote origin && git config branch.main.merge refs/heads/main`;
  await executor.play(requestOf([{ shell: setup }], { workspace: 'kept' }));
  const look =
    'git log --format="%an %s"; git remote -v; git rev-parse --abbrev-ref HEAD; git config branch.main.remote; git commit -qam 2 && git log --oneline | wc -l';
  expect(textOf(await executor.play(requestOf([{ shell: look }], { workspace: 'kept' })))).toBe(
    'A 1\norigin\thttps://git.example/a.git (fetch)\norigin\thttps://git.example/a.git (push)\nmain\norigin\n2\n',
  );
});

test('a link in place of a repository or of its settings does not change a file outside the workspace', async () => {
  const outside = await temporaryDirectory();
  const workspace = join(executor.state, 'accounts/acme/workspaces/links');
  const config = '[core]\n fsmonitor = mine\n';
  for (const name of ['HEAD', 'config']) await writeFile(join(outside, name), config);
  for (const name of ['one/.git', 'two']) await mkdir(join(workspace, name), { recursive: true });
  await writeFile(join(workspace, 'one/.git/HEAD'), 'ref: refs/heads/main');
  await symlink(join(outside, 'config'), join(workspace, 'one/.git/config'));
  await symlink(outside, join(workspace, 'two/.git'));
  await writeFile(join(workspace, 'two/notes'), '');
  await executor.play(requestOf([{ write: '' }], { workspace: 'links' }));
  expect(await readFile(join(outside, 'config'), 'utf8')).toBe(config);
});
