import { jsonObject } from '../values.ts';
import { chooseTools, PLAN_TOOLS } from './tools.ts';

type Values = Record<string, unknown>;

const isGiven = () => true;
const isOff = (value: unknown) => value === false;

/** Values of options that agent mode does not support, or that would raise requests of another form than permissions. */
const REFUSED: Record<string, (value: unknown) => boolean> = {
  allow: isGiven,
  deny: isGiven,
  agent: isGiven,
  agents: isGiven,
  noSubagents: isOff,
  noPlan: isOff,
};

/** True if the run requests permissions from an approver. */
export const isAsking = ({ permissionMode }: Values) => permissionMode === 'ask';

/** Conflicts of options with permissionMode ask. */
export function askConflicts(given: Values): string[] {
  if (!isAsking(given)) return [];
  const refused = Object.entries(REFUSED).filter(([name, isRefused]) => given[name] !== undefined && isRefused(given[name]));
  const plan = chooseTools(given).allowed?.filter((tool) => PLAN_TOOLS.includes(tool)) ?? [];
  return [
    ...refused.map(([name]) => `Grok cannot combine ${name} with permissionMode ask. Leave one of them out.`),
    ...plan.map((tool) => `Grok has no ${tool} with permissionMode ask. Leave it out.`),
  ];
}

/** The profile of the agent: its tools and turns. It holds for this process only, while a profile in a request stays with the session. */
export function agentProfile(given: Values): string {
  const { allowed, disallowed } = chooseTools(given);
  const fields = {
    name: 'gateway',
    description: 'Asks before it acts',
    promptMode: 'extend',
    tools: allowed,
    disallowedTools: given.disableWebSearch === true ? [...disallowed, 'web_search'] : disallowed,
    maxTurns: given.maxTurns,
  };
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${JSON.stringify(value)}`],
  );
  return ['---', ...lines, '---', ''].join('\n');
}

/** Metadata of a session. Remembered modes that skip permission requests are off. */
export function sessionMeta({ systemPrompt, systemPromptOverride, appendSystemPrompt, rules }: Values) {
  return {
    yoloMode: false,
    autoMode: false,
    systemPromptOverride: systemPrompt ?? systemPromptOverride,
    rules: appendSystemPrompt ?? rules,
  };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** Settings of a session in the order in which they are set, because the efforts depend on the model. */
export function sessionSettings({ model, effort, reasoningEffort }: Values) {
  return {
    model: model === 'latest' || model === 'default' ? undefined : textOf(model),
    reasoning_effort: textOf(effort ?? reasoningEffort),
  };
}

/** Metadata of a prompt. */
export function promptMeta({ jsonSchema, verbatim }: Values) {
  const schema = jsonSchema === undefined ? undefined : jsonObject.parse(jsonSchema);
  return { outputSchema: typeof schema === 'string' ? JSON.parse(schema) : schema, verbatim };
}
