import { toToolError } from '../errors.ts';
import { compile, type Policy } from './compile.ts';
import { type PolicyInput, readDocument } from './document.ts';
import { PRESET_NAMES } from './preset-names.ts';
import { dangersOf, type Risk } from './risk.ts';
import { TOOLS } from './tools.ts';

export type PresetName = (typeof PRESET_NAMES)[number];

/** True for the name of a preset; anything else that was written is a document. */
export const isPreset = (written: string): written is PresetName => PRESET_NAMES.some((name) => name === written);

type Rules = NonNullable<PolicyInput['tools']>;
type Limits = NonNullable<Rules[string]['limits']>;

const limit = (counter: string, window: 'minute' | 'hour', max: number): Limits => [{ counter, window, max, scope: 'grant' }];

/** A rule for each tool of a class. */
const ofClass = (risk: Risk, rule: Rules[string]): Rules =>
  Object.fromEntries(TOOLS.flatMap((tool) => (tool.risk === risk ? [[tool.name, rule]] : [])));

/** Requests without the options that take a barrier away. */
const guardedRequests = (limits: Limits): Rules =>
  Object.fromEntries(TOOLS.flatMap(({ name, provider }) => (provider ? [[name, { deny_if: dangersOf(provider), limits }]] : [])));

/** The shipped policies, strictest first. */
const WRITTEN = {
  'read-only': {
    about: 'Shows jobs, answers and limits. Starts nothing and ends nothing.',
    written: { version: '1', default: 'deny', tools: ofClass('read', {}) },
  },
  careful: {
    about:
      '10 requests a minute, without the options that take a barrier away. What ends or removes something, or changes a policy, is asked for.',
    written: {
      version: '1',
      default: 'deny',
      tools: {
        ...ofClass('read', {}),
        ...guardedRequests(limit('requests', 'minute', 10)),
        ...ofClass('write', { limits: limit('writes', 'hour', 30) }),
        ...ofClass('destructive', { action: 'require_approval' }),
      },
    },
  },
  open: {
    about: 'Everything that the scopes of a connection allow.',
    written: { version: '1', default: 'allow' },
  },
} satisfies Record<PresetName, Omit<Preset, 'policy'>>;

/** A shipped policy: what it is good for, and the document behind it. */
export interface Preset {
  about: string;
  /** Its document, as it would be written by hand. */
  written: PolicyInput;
  policy: Policy;
}

function ready({ about, written }: Omit<Preset, 'policy'>): Preset {
  const read = readDocument(written);
  if (!read.ok) throw new Error(toToolError(read.failure).message);
  return { about, written, policy: compile(read.value) };
}

/** The shipped policies by name. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  'read-only': ready(WRITTEN['read-only']),
  careful: ready(WRITTEN.careful),
  open: ready(WRITTEN.open),
};
