import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parsedJson } from '../../container/providers/json.ts';
import type { Provider } from '../../container/providers/provider.ts';
import type { Outcome, openWorkshop } from './real-cli.ts';

type Workshop = Awaited<ReturnType<typeof openWorkshop>>;

const text = z.string().catch('');
const Part = z.union([z.string(), z.looseObject({ text }).transform((part) => part.text)]);
const Message = z.looseObject({
  role: text,
  content: z.union([z.string(), z.array(z.unknown()).transform((all) => JSON.stringify(all))]).catch(''),
});
/** A call of the model, as the model server keeps it. */
export const Sent = z.object({
  headers: z.record(z.string(), z.unknown()),
  body: z.looseObject({
    model: text,
    system: z.array(Part).catch([]),
    input: z.array(Message).catch([]),
    tools: z.array(z.looseObject({ name: text })).catch([]),
    output_config: z.object({ effort: text }).catch({ effort: '' }),
    reasoning: z.object({ effort: text }).catch({ effort: '' }),
  }),
});

/** What a run showed: its output, the calls of its model, and its files. */
export interface Seen extends Pick<Outcome, 'answer' | 'items' | 'lines' | 'code' | 'stderr'> {
  /** The first call with the prompt. */
  body: z.infer<typeof Sent>['body'];
  headers: Record<string, unknown>;
  /** All calls with the prompt. */
  sent: string[];
  models: string[];
  system: string;
  tools: string[];
  /** Subtype of the result. */
  verdict: string | undefined;
  /** Names and content of the conversation's files. */
  kept: string;
}

/** How the effect of an option is observed. */
export interface Effect {
  /** The value, and other options that both runs have. */
  value: unknown;
  beside?: Record<string, unknown>;
  prompt?: string;
  /** Options of an earlier run of the conversation. Without them, the conversation is new. */
  before?: Record<string, unknown>;
  /** What is looked at, and what it is with and without the option. */
  see: (seen: Seen) => unknown;
  with: unknown;
  without: unknown;
}

async function filesIn(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, 'utf8').then((content) => `${file}\n${content}`)))).join('\n');
}

function checked(provider: Provider, given: Record<string, unknown>): Record<string, unknown> {
  const options = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, provider.options[name]?.type.parse(value)]),
  );
  const conflicts = provider.conflicts(options);
  if (conflicts.length > 0) throw new Error(conflicts.join(' '));
  return options;
}

/** Runs a CLI and looks at everything that an option may change. */
export async function look(
  workshop: Workshop,
  provider: Provider,
  given: Record<string, unknown>,
  { prompt = '[mock:echo]', before, home: from }: Pick<Effect, 'prompt' | 'before'> & { home?: string } = {},
): Promise<Seen> {
  const home = await workshop.home();
  if (from !== undefined) await cp(from, home, { recursive: true });
  const id = crypto.randomUUID();
  if (before) await workshop.run(provider, { options: checked(provider, before), session: { mode: 'new', id }, home });
  const session = { mode: before ? ('resume' as const) : ('new' as const), id };
  const mark = crypto.randomUUID();
  const outcome = await workshop.run(provider, { prompt: `${prompt} ${mark}`, options: checked(provider, given), session, home });
  const sent = await workshop.sent(mark);
  const calls = sent
    .map((call) => Sent.parse(parsedJson(call)))
    .filter(({ body }) => body.tools.length !== 1 || body.tools[0]?.name !== 'session_title');
  const [first] = calls;
  const body = first?.body ?? Sent.shape.body.parse({});
  const system = [...body.system, ...body.input.filter(({ role }) => role === 'system').map(({ content }) => content)].join('\n');
  return {
    ...outcome,
    ...{ body, sent, system, headers: first?.headers ?? {} },
    models: calls.map((call) => call.body.model),
    tools: body.tools.map(({ name }) => name),
    verdict: outcome.items.findLast((item) => item.kind === 'result')?.subtype,
    kept: await filesIn(join(home, provider.conversations?.root ?? '')),
  };
}

/** What an option's effect is observed by, in a run with the option and in one without. */
export async function compare(workshop: Workshop, provider: Provider, option: string, effect: Effect) {
  const { value, beside = {}, see } = effect;
  const [withIt, without] = await Promise.all([
    look(workshop, provider, { ...beside, [option]: value }, effect),
    look(workshop, provider, beside, effect),
  ]);
  return { with: see(withIt), without: see(without) };
}
