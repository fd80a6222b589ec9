import { z } from 'zod';
import container from '../../container/package.json' with { type: 'json' };
import { providers } from '../../container/providers/index.ts';
import manifest from '../../package.json' with { type: 'json' };
import { readConfig } from '../../src/config.ts';
import { tools } from '../../src/mcp/tools/index.ts';

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (...cells: string[]) => `| ${cells.map(cell).join(' | ')} |`;
const table = (head: string[], rows: string[][]) =>
  [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');

const toolTable = () =>
  table(
    ['tool', 'what it does'],
    tools.map(({ name, description }) => [`\`${name}\``, description]),
  );

function typeOf(type: z.ZodType): string {
  const schema = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' });
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(' ');
  return String(schema.type ?? 'any');
}

const optionTable = (id: string) =>
  table(
    ['option', 'type', 'what it does', 'flag'],
    Object.entries(providers[id]?.options ?? {}).map(([name, { type, flag }]) => [
      `\`${name}\``,
      typeOf(type),
      type.description ?? '',
      flag ? `\`${flag}\`` : '',
    ]),
  );

const variable = (name: string) => name.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase();
const limitTable = () =>
  table(
    ['variable', 'default'],
    Object.entries(readConfig({}).limits).map(([name, value]) => [`\`${variable(name)}\``, String(value)]),
  );

const client = (name: string, version: string, protocol: string, what: string) => [`${name} ${version}`, protocol, what];
const clis = container.optionalDependencies;
const packages = { ...manifest.dependencies, ...manifest.devDependencies };
const clientTable = () =>
  table(
    ['client', 'protocol', 'what test/clis/clients.test.ts does with it'],
    [
      client(
        'Claude Code',
        clis['@anthropic-ai/claude-code-linux-x64'],
        '2026-07-28',
        '`claude mcp add`, `mcp list`; a call in print mode; a task in a terminal',
      ),
      client('Grok CLI', clis['@xai-official/grok-linux-x64'], '2026-07-28', '`grok mcp doctor`'),
      client('MCP Inspector', packages['@modelcontextprotocol/inspector'], '2025-11-25', '`--cli`: list, call'),
      client('mcp-remote', packages['mcp-remote'], '2025-11-25', 'call through stdio'),
      client('TypeScript SDK client', packages['@modelcontextprotocol/client'], 'both', 'call'),
      client('TypeScript SDK', packages['@modelcontextprotocol/sdk'], '2025-11-25', 'list, call'),
    ],
  );

const sections: Record<string, () => string> = {
  clients: clientTable,
  tools: toolTable,
  'claude options': () => optionTable('claude'),
  'grok options': () => optionTable('grok'),
  limits: limitTable,
};

/** The README with its tables as the declarations have them. */
export function filled(text: string): string {
  return Object.entries(sections).reduce((readme, [name, write]) => {
    const between = new RegExp(`(<!-- ${name} -->)[^]*?(<!-- /${name} -->)`);
    if (!between.test(readme)) throw new Error(`README.md has no place for "${name}"`);
    return readme.replace(between, (_all, open: string, close: string) => `${open}\n${write()}\n${close}`);
  }, text);
}
