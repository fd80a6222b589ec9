import { json } from '../values.ts';
import { chooseTools, PLAN } from './tools.ts';

type Values = Record<string, unknown>;

const isGiven = () => true;
const isOff = (value: unknown) => value === false;

/** Options that agent mode cannot honour, or whose questions nobody could answer, and the values that are refused. */
const REFUSED: Record<string, (value: unknown) => boolean> = {
  allow: isGiven,
  deny: isGiven,
  agent: isGiven,
  agents: isGiven,
  noSubagents: isOff,
  noPlan: isOff,
};

/** Whether a person is asked during the run. */
export const asks = ({ permissionMode }: Values) => permissionMode === 'ask';

/** What cannot be combined with the question of a person. */
export function askConflicts(given: Values): string[] {
  if (!asks(given)) return [];
  const refused = Object.entries(REFUSED).filter(([name, isRefused]) => given[name] !== undefined && isRefused(given[name]));
  const plan = chooseTools(given).allowed?.filter((tool) => PLAN.includes(tool)) ?? [];
  return [
    ...refused.map(([name]) => `Grok cannot combine ${name} with permissionMode ask. Leave one of them out.`),
    ...plan.map((tool) => `Grok has no ${tool} with permissionMode ask. Leave it out.`),
  ];
}

/** The profile of the agent that asks: its tools and its turns. It is of this process alone, while one in a request stays with the session. */
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

/** What is said about the session, besides its id. Neither rules nor a remembered mode take the questions away. */
export function sessionMeta({ systemPrompt, systemPromptOverride, appendSystemPrompt, rules }: Values) {
  return {
    yoloMode: false,
    autoMode: false,
    systemPromptOverride: systemPrompt ?? systemPromptOverride,
    rules: appendSystemPrompt ?? rules,
  };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** Settings of a session, in their order: a model decides which efforts there are. */
export function sessionSettings({ model, effort, reasoningEffort }: Values) {
  return {
    model: model === 'latest' || model === 'default' ? undefined : textOf(model),
    reasoning_effort: textOf(effort ?? reasoningEffort),
  };
}

/** What is said about the prompt. */
export function promptMeta({ jsonSchema, verbatim }: Values) {
  const schema = jsonSchema === undefined ? undefined : json.parse(jsonSchema);
  return { outputSchema: typeof schema === 'string' ? JSON.parse(schema) : schema, verbatim };
}
