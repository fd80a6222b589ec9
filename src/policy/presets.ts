import { toToolError } from '../errors.ts';
import { compile, type Policy } from './compile.ts';
import { type PolicyInput, readDocument } from './document.ts';
import { PRESET_NAMES } from './preset-names.ts';
import { dangersOf, type Risk } from './risk.ts';
import { GATEWAY_TOOLS, KNOWN_TOOLS } from './tools.ts';

export type PresetName = (typeof PRESET_NAMES)[number];

/** Whether a policy is the name of a preset. Any other one is a document. */
export const isPreset = (written: string): written is PresetName => PRESET_NAMES.some((name) => name === written);

type Rules = NonNullable<PolicyInput['tools']>;
type Limits = NonNullable<Rules[string]['limits']>;

const limit = (counter: string, window: 'minute' | 'hour', max: number): Limits => [{ counter, window, max, scope: 'grant' }];

/** One rule for each tool of a risk. */
const ofRisk = (risk: Risk, rule: Rules[string]): Rules =>
  Object.fromEntries(KNOWN_TOOLS.flatMap((tool) => (tool.risk === risk ? [[tool.name, rule]] : [])));

/** Request tools, without the options that disable a safeguard. */
const guardedRequests = (limits: Limits): Rules =>
  Object.fromEntries(
    KNOWN_TOOLS.flatMap(({ name, provider }) => (provider ? [[name, { deny_if: dangersOf(provider), limits }]] : [])),
  );

const CAREFUL: Rules = {
  ...ofRisk('read', {}),
  ...guardedRequests(limit('requests', 'minute', 10)),
  ...ofRisk('write', { limits: limit('writes', 'hour', 30) }),
  ...ofRisk('destructive', { action: 'require_approval' }),
};

/** Rules that also refuse what concerns a job of another connection. */
const withinOwnJobs = (rules: Rules): Rules =>
  Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [
      name,
      { ...rule, deny_if: [...(rule.deny_if ?? []), { path: 'job.own', op: 'eq', value: false }] },
    ]),
  );

/** The shipped policies, strictest first. */
const WRITTEN = {
  'read-only': {
    about: 'Shows jobs, answers and limits. Starts nothing and ends nothing.',
    written: { version: '1', default: 'deny', tools: ofRisk('read', {}) },
  },
  'own-jobs': {
    about:
      'As careful, and only for the jobs that the connection itself requested: it neither sees, continues nor ends those of other connections.',
    written: {
      version: '1',
      default: 'deny',
      // The audit log tells what other connections do.
      tools: { ...withinOwnJobs(CAREFUL), [GATEWAY_TOOLS.auditList.name]: { action: 'deny' } },
    },
  },
  careful: {
    about:
      '10 requests a minute, without the options that disable a safeguard. Calls that end or remove something, or change a policy, need approval.',
    written: {
      version: '1',
      default: 'deny',
      tools: CAREFUL,
    },
  },
  open: {
    about: 'Everything that the scopes of a connection allow.',
    written: { version: '1', default: 'allow' },
  },
} satisfies Record<PresetName, Omit<Preset, 'policy'>>;

/** A shipped policy. */
export interface Preset {
  /** What it allows, in words. */
  about: string;
  /** Its document, as a person would write it. */
  written: PolicyInput;
  policy: Policy;
}

function compilePreset({ about, written }: Omit<Preset, 'policy'>): Preset {
  const read = readDocument(written);
  if (!read.ok) throw new Error(toToolError(read.failure).message);
  return { about, written, policy: compile(read.value) };
}

/** The shipped policies by name. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  'read-only': compilePreset(WRITTEN['read-only']),
  'own-jobs': compilePreset(WRITTEN['own-jobs']),
  careful: compilePreset(WRITTEN.careful),
  open: compilePreset(WRITTEN.open),
};
