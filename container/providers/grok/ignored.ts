import { readAgents } from '../agents.ts';
import { type IgnoredCase, ignoredBy, ignoredEntries } from '../ignored.ts';
import { rulesWithoutEffect } from '../may.ts';
import type { IgnoredOption } from '../provider.ts';
import { AGENTS } from './agents.ts';
import { grokModels, grokPermissions } from './options.ts';
import { chooseTools, hasSubagents, idsOf } from './tools.ts';

type Values = Record<string, unknown>;

const isSet = (value: unknown) => value !== undefined;
const toolsOfAgent = ({ agent }: Values) => (typeof agent === 'string' ? (AGENTS[agent] ?? undefined) : undefined);

/** Whether subagents are on but no tool can call them. */
function cannotCallSubagents(given: Values): boolean {
  const { allowed, disallowed } = chooseTools(given);
  const isOffered = (allowed?.includes('Agent') ?? true) && !disallowed.includes('Agent') && toolsOfAgent(given) === undefined;
  return hasSubagents(given) && !isOffered;
}

const KEPT = 'a continued conversation keeps its system prompt; systemPrompt replaces it';

const CASES: IgnoredCase[] = [
  ['appendSystemPrompt', (_given, isContinued) => isContinued, KEPT],
  ['rules', (_given, isContinued) => isContinued, KEPT],
  ['agent', (_given, isContinued) => isContinued, `${KEPT}. The tools of the agent apply`],
  [
    'agent',
    ({ systemPrompt, systemPromptOverride }, isContinued) => !isContinued && (isSet(systemPrompt) || isSet(systemPromptOverride)),
    "systemPrompt replaces the agent's prompt; its tools apply",
  ],
  ['permissionMode', ({ permissionMode }) => permissionMode === 'plan', 'print mode treats plan as dontAsk'],
  ['agents', cannotCallSubagents, 'the run has no tool that calls subagents'],
  [
    'noSubagents',
    (given) => given.noSubagents === false && cannotCallSubagents(given),
    'the run has no tool that calls subagents',
  ],
];

/** Models of subagents that Grok may not have. It uses the one of the run then. */
const unknownModels = ({ agents }: Values) =>
  Object.values(readAgents(agents)).flatMap(({ model }) =>
    model === undefined || grokModels.known.includes(model) ? [] : [model],
  );

/** Options that Grok accepts and that will have no effect in a run. */
export function grokIgnored(given: Values, isContinued: boolean): IgnoredOption[] {
  const own = toolsOfAgent(given);
  const named = (['tools', 'allowedTools'] as const).flatMap((option) =>
    given[option] === undefined || own === undefined
      ? []
      : ignoredEntries(
          option,
          idsOf(given[option]).filter((tool) => !own.includes(tool)),
          `agent ${String(given.agent)} does not have it`,
        ),
  );
  return [
    ...ignoredBy(CASES, given, isContinued),
    ...rulesWithoutEffect(grokPermissions, given),
    ...named,
    ...ignoredEntries('agents', unknownModels(given), "not a known model; if the service lacks it, the run's model is used"),
  ];
}
