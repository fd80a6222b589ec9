/** Settings of a repository that are kept, by section. None of them names a program; sections with "*" have a name of their own. */
const KEPT: Record<string, readonly string[]> = {
  core: [
    ...['repositoryformatversion', 'filemode', 'bare', 'ignorecase', 'precomposeunicode', 'symlinks', 'logallrefupdates'],
    ...['autocrlf', 'eol', 'sparsecheckout', 'sparsecheckoutcone'],
  ],
  extensions: ['objectformat', 'partialclone', 'refstorage'],
  user: ['name', 'email'],
  'remote *': ['url', 'pushurl', 'fetch', 'push', 'mirror', 'tagopt', 'prune', 'promisor', 'partialclonefilter'],
  'branch *': ['remote', 'merge', 'rebase', 'description'],
  'submodule *': ['url', 'active', 'branch'],
};
/** An address of the form "helper::address", with which git starts a program, or one that it may take for an option. */
const STARTS_PROGRAM = /^(?:[A-Za-z0-9]{1,50}::|-)/;

const HEADER = /^\[([A-Za-z0-9.-]{1,100})(?: "((?:[^"\\]|\\.){0,1000})")?\]$/;
const SETTING = /^([A-Za-z][A-Za-z0-9-]{0,100})(?: ?= ?(.{0,4000}))?$/;

const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
const unquoted = (text: string) => text.replace(/\\(.)|"/g, '$1');
/** A value without the comment behind it. Git quotes a value with such a sign. */
const valueIn = (text: string) => unquoted(text.startsWith('"') ? text : (text.split(/[#;]/)[0] ?? '').trimEnd());

/**
 * The settings of a repository's `config` that only describe it: name, remotes, branches, format. Settings that name a program are
 * left out, because git starts it for commands that only read. A setting in an unusual form is left out, too.
 */
export function describingConfig(text: string): string {
  const lines: string[] = [];
  let kept: readonly string[] | undefined;
  for (const line of text.split('\n').map((line) => line.trim())) {
    const [header, section = '', name] = HEADER.exec(line) ?? [];
    if (header !== undefined) {
      kept = KEPT[name === undefined ? section.toLowerCase() : `${section.toLowerCase()} *`];
      if (kept !== undefined) lines.push(name === undefined ? `[${section}]` : `[${section} ${quoted(unquoted(name))}]`);
      continue;
    }
    const [setting, key = '', value = 'true'] = SETTING.exec(line) ?? [];
    if (setting === undefined || value.endsWith('\\') || !kept?.includes(key.toLowerCase())) continue;
    const plain = valueIn(value);
    if (!STARTS_PROGRAM.test(plain)) lines.push(`\t${key} = ${quoted(plain)}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** Settings of git for every repository in a run, because it may start the programs that they name for commands that only read. */
const FIXED: Record<string, string> = {
  'core.fsmonitor': 'false',
  'core.hooksPath': '/dev/null',
  'core.attributesFile': '/dev/null',
  'core.sshCommand': 'ssh',
  'log.showSignature': 'false',
  'protocol.ext.allow': 'never',
  // A repository that is a plain directory of the workspace would bring its own settings.
  'safe.bareRepository': 'explicit',
};

/** The environment that applies these settings. It precedes the settings of a repository. */
export const gitEnvironment: Record<string, string> = {
  GIT_PAGER: 'cat',
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_COUNT: String(Object.keys(FIXED).length),
  ...Object.fromEntries(
    Object.entries(FIXED).flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ),
};
