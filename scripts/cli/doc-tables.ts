import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ExecutorEnvironment } from '../../container/config.ts';
import container from '../../container/package.json' with { type: 'json' };
import { providers } from '../../container/providers/index.ts';
import type { Option, Provider } from '../../container/providers/provider.ts';
import manifest from '../../package.json' with { type: 'json' };
import { SCOPE_WORDS } from '../../src/auth/scopes.ts';
import { readConfig, SETTINGS } from '../../src/config.ts';
import { toolsFor } from '../../src/mcp/tools/index.ts';
import { requestInput } from '../../src/mcp/tools/request-input.ts';
import { PRESETS } from '../../src/policy/presets.ts';
import { requestToolsOf } from '../../src/policy/tools.ts';
import { ROOT } from '../local/environment.ts';
import { CLIENTS, TESTED_CLIENTS } from './clients.ts';

/** Documents state the defaults. */
const LIMITS = readConfig({}).limits;

const code = (text: string) => `\`${text}\``;
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (...cells: string[]) => `| ${cells.map(cell).join(' | ')} |`;
const table = (head: string[], rows: string[][]) =>
  [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');

/** A table of names and what each is for. */
const nameTable = (head: string[], names: [name: string, words: string][]) =>
  table(
    head,
    names.map(([name, words]) => [code(name), words]),
  );

const shown = (value: unknown) => (value === undefined || String(value) === '' ? '' : code(String(value)));
const range = (min?: number, max?: number) =>
  min === undefined || max === undefined ? '' : `${min.toLocaleString('en')} to ${max.toLocaleString('en')}`;

function typeCells(name: string, type: z.ZodType): string[] {
  const schema = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' });
  const { minimum, maximum, description = '' } = schema;
  const values = schema.enum?.map((value) => code(String(value))).join(' ');
  const bounds = maximum === Number.MAX_SAFE_INTEGER ? '' : range(minimum, maximum);
  return [code(name), values ?? [String(schema.type ?? 'any'), bounds].filter(Boolean).join(' '), description];
}

/** Values of an option that disable a safeguard. */
const DANGERS: Record<NonNullable<Option['danger']>['op'], (value: unknown) => string> = {
  exists: () => 'any value',
  eq: (value) => code(String(value)),
  not_within: (value) => `other than ${code(String(value))}`,
};
const dangerOf = ({ danger }: Option) => (danger ? DANGERS[danger.op](danger.value) : '');

const optionTable = ({ id, title, options }: Provider) =>
  [
    `## ${title}`,
    '',
    `Tools: ${requestToolsOf(id)
      .map(({ name }) => code(name))
      .join(', ')}.`,
    '',
    table(
      ['option', 'type', 'what it does', 'flag', 'safeguard'],
      Object.entries(options).map(([name, option]) => [
        ...typeCells(name, option.type),
        option.flag ? code(option.flag) : '',
        dangerOf(option),
      ]),
    ),
  ].join('\n');

const everyProvider = Object.values(providers);

/** Parameters of requests that are not options of a CLI, with the tools that have them where some lack them. */
function parameterTable() {
  const requests = everyProvider.flatMap((provider) =>
    [false, true].map((isAsync) => ({
      tool: code(requestToolsOf(provider.id)[isAsync ? 1 : 0].name),
      shape: Object.entries(requestInput(provider, isAsync, LIMITS).shape).filter(([name]) => !(name in provider.options)),
    })),
  );
  const parameters = new Map(requests.flatMap(({ shape }) => shape));
  return table(
    ['parameter', 'type', 'what it does', 'only in'],
    [...parameters].map(([name, type]) => {
      const having = requests.filter(({ shape }) => shape.some(([other]) => other === name)).map(({ tool }) => tool);
      return [...typeCells(name, type), having.length === requests.length ? '' : having.join(', ')];
    }),
  );
}

const settingTable = () =>
  table(
    ['setting', 'default', 'unit', 'range', 'what it does'],
    SETTINGS.map(({ env, isSecret, unit = '', min, max, description, ...setting }) => [
      code(env),
      isSecret ? 'secret' : shown(setting.default),
      unit,
      range(min, max),
      description,
    ]),
  );

const executorTable = () =>
  table(
    ['variable', 'default', 'what it is'],
    [
      ...Object.entries(ExecutorEnvironment.shape).map(([name, type]) => {
        return [code(name), shown(type.safeParse(undefined).data), type.description ?? ''];
      }),
      ...Object.keys(providers).map((id) => [
        code(`EXECUTOR_${id.toUpperCase()}_BIN`),
        '',
        'Path of this CLI, in place of the one from npm.',
      ]),
    ],
  );

const versions: Readonly<Record<string, string>> = {
  ...container.optionalDependencies,
  ...manifest.dependencies,
  ...manifest.devDependencies,
};
const clientTable = () =>
  table(
    ['client', 'protocol', 'what test/clis/clients.test.ts does with it'],
    TESTED_CLIENTS.map(({ title, package: name, protocol, calls }) => [`${title} ${versions[name]}`, protocol, calls]),
  );

const PUBLIC = { url: 'https://gateway.example.com/mcp', token: '<token>' };
const LOCAL = { url: 'http://127.0.0.1:8787/mcp', token: '<token>' };

const block = (lines: string[]) => ['```text', ...lines, '```'];

/** What `npm run connect` prints, for a deployed gateway and, where that differs by more than the address, for one on this machine. */
const guides = () =>
  Object.entries(CLIENTS)
    .map(([name, { title, guide }]) => {
      const [deployed, local] = [guide(PUBLIC), guide(LOCAL)];
      const isSame = deployed.join('\n').replaceAll(PUBLIC.url, LOCAL.url) === local.join('\n');
      const onThisMachine = isSame ? [] : ['', 'With a gateway on this machine:', '', ...block(local)];
      return [`### ${title}`, '', `\`npm run connect -- ${name}\``, '', ...block(deployed), ...onThisMachine].join('\n');
    })
    .join('\n\n');

/** The generated parts, by the name in their markers. */
export const SECTIONS: Readonly<Record<string, () => string>> = {
  tools: () =>
    nameTable(
      ['tool', 'what it does'],
      [...toolsFor(LIMITS)].map(([name, { description }]) => [name, description]),
    ),
  presets: () =>
    nameTable(
      ['preset', 'what it allows'],
      Object.entries(PRESETS).map(([name, { about }]) => [name, about]),
    ),
  guides,
  clients: clientTable,
  scopes: () => nameTable(['scope', 'what it allows'], Object.entries(SCOPE_WORDS)),
  'request parameters': parameterTable,
  options: () => everyProvider.map(optionTable).join('\n\n'),
  settings: settingTable,
  'executor settings': executorTable,
};

/** Files that have generated parts. */
export const documents = () => {
  const docs = readdirSync(join(ROOT, 'docs')).map((name) => join('docs', name));
  return ['README.md', ...docs].map((name) => join(ROOT, name));
};

/** A document with its generated parts as the declarations have them. */
export const filled = (file: string, text: string): string =>
  text.replace(/(<!-- ([a-z ]+) -->\n).*?(<!-- \/\2 -->)/gs, (_all, open: string, name: string, close: string) => {
    const write = SECTIONS[name];
    if (!write) throw new Error(`${file} has a place for "${name}", which nothing writes.`);
    return `${open}${write()}\n${close}`;
  });
