import type { Context } from 'hono';
import { z } from 'zod';
import { digestOfArgs } from '../../account/digest.ts';
import { POLICY_MODES, type PolicyMode } from '../../account/tables/policies.ts';
import type { SignedInEnv } from '../../auth/app-env.ts';
import { grantNames } from '../../auth/oauth/grants.ts';
import { renderPage } from '../../auth/render-page.ts';
import { type Failure, fail, type Result, toHttpError, toToolError } from '../../errors.ts';
import { accountOf } from '../../objects.ts';
import { PRESET_NAMES } from '../../policy/preset-names.ts';
import { providerOf, TOOL_RISKS } from '../../policy/risk.ts';
import { consolePage } from '../console-page.ts';
import { documentOf, policyFacts, shownPolicy, shownTrial, statesUnder } from './facts.ts';
import { TOOL_STATES, withState } from './tool-state.ts';
import { policiesPage, policyPage } from './view.ts';

/** Largest form, in bytes: a document in a form's escapes. */
const FORM_MAX_BYTES = 1_048_576;

async function all(c: Context<SignedInEnv>) {
  const grants = await grantNames(c, c.var.person.account);
  const states = await Promise.all(grants.map(({ id }) => accountOf(c.env, c.var.person).policyState(id)));
  const shown = grants.flatMap((grant, i) => (states[i] ? [shownPolicy(grant, states[i])] : []));
  return renderPage(c, 'Policies', policiesPage(shown));
}

interface News {
  news?: string;
  failure?: Failure;
  tried?: ReturnType<typeof shownTrial>;
  /** What was written and not taken: it is not lost. */
  document?: string;
}

async function one(c: Context<SignedInEnv>, { news, failure, tried, document }: News = {}) {
  const grants = await grantNames(c, c.var.person.account);
  const target = grants.find(({ id }) => id === c.req.param('target'));
  if (!target) return toHttpError({ code: 'not_found' });
  const facts = policyFacts(target, await accountOf(c.env, c.var.person).policyState(target.id), grants);
  const complaint = failure && toToolError(failure).message;
  const content = policyPage({ ...facts, document: document ?? facts.document, states: TOOL_STATES, tried, news, complaint });
  return renderPage(c, 'Policy', content, { status: failure ? 400 : 200 });
}

const WRONG_FORM: Failure = { code: 'invalid_input', issues: ['The form is not whole. Load the page again.'] };
const readForm = async <T extends z.ZodType>(c: Context<SignedInEnv>, type: T): Promise<Result<z.output<T>>> => {
  const read = type.safeParse(Object.fromEntries(await c.req.formData()));
  return read.success ? { ok: true, value: read.data } : fail(WRONG_FORM);
};

const SAVED = 'Saved. It holds from the next call on.';
const SHADOWED = 'Noted: the audit log tells what it would do.';

async function set(c: Context<SignedInEnv>, mode: PolicyMode, written: string | null) {
  const target = c.req.param('target') ?? '';
  const done = await accountOf(c.env, c.var.person).setPolicy(target, mode, written, c.var.person.label);
  const document = written ?? undefined;
  return one(
    c,
    done.ok ? { news: mode === 'shadow' ? SHADOWED : SAVED } : { failure: done.failure, ...(document && { document }) },
  );
}

const Preset = z.object({ preset: z.enum(PRESET_NAMES) });
const Written = z.object({ document: z.string(), mode: z.enum(POLICY_MODES) });
const Mode = z.object({ mode: z.enum(POLICY_MODES) });
const States = z.record(z.string(), z.enum(TOOL_STATES));
const Tried = z.object({ tool: z.string(), args: z.string() });

/** Saves what a form asks for. */
const saves =
  <T extends z.ZodType>(type: T, change: (form: z.output<T>) => [mode: PolicyMode, written: string | null]) =>
  async (c: Context<SignedInEnv>) => {
    const form = await readForm(c, type);
    return form.ok ? set(c, ...change(form.value)) : one(c, form);
  };

async function setTools(c: Context<SignedInEnv>) {
  const form = await readForm(c, States);
  if (!form.ok) return one(c, form);
  const { written } = await accountOf(c.env, c.var.person).policyState(c.req.param('target') ?? '');
  const is = statesUnder(written);
  // What stays as it is keeps its rules and their reasons.
  const wanted = Object.entries(form.value).filter(([tool, state]) => TOOL_RISKS[tool] !== undefined && state !== is(tool));
  const document = JSON.stringify(
    wanted.reduce(
      (changed, [tool, state]) => (state === 'custom' ? changed : withState(changed, tool, state)),
      documentOf(written),
    ),
  );
  const becomes = statesUnder(document);
  const issues = wanted.flatMap(([tool, state]) =>
    state === 'custom' || becomes(tool) === state
      ? []
      : [`${tool}: the document hides what begins like it. Change the document.`],
  );
  return issues.length > 0 ? one(c, { failure: { code: 'invalid_input', issues } }) : set(c, 'enforce', document);
}

async function tryCall(c: Context<SignedInEnv>) {
  const form = await readForm(c, Tried);
  if (!form.ok) return one(c, form);
  const { tool, args } = form.value;
  const given = z.record(z.string(), z.unknown()).safeParse(parsed(args));
  if (!given.success)
    return one(c, {
      failure: { code: 'invalid_input', issues: ['The arguments are no JSON object. Write {"name": value}.'] },
    });
  const origin = new URL(c.var.resource).origin;
  const call = {
    grant: `person: ${c.var.person.label}`,
    client: 'a browser',
    tool,
    args: given.data,
    digest: digestOfArgs(given.data),
    origin,
  };
  const tried = await accountOf(c.env, c.var.person).tryPolicy({
    target: c.req.param('target') ?? '',
    call,
    provider: providerOf(tool),
  });
  return one(c, tried.ok ? { tried: shownTrial(tool, args, tried.value) } : tried);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The pages on which a person reads, changes and tries what connections may call. */
export const policies = consolePage('/policies', FORM_MAX_BYTES)
  .get('/policies', all)
  .get('/policies/:target', (c) => one(c))
  .post(
    '/policies/:target/preset',
    saves(Preset, ({ preset }) => ['enforce', preset]),
  )
  .post(
    '/policies/:target/document',
    saves(Written, ({ mode, document }) => [mode, document]),
  )
  .post(
    '/policies/:target/remove',
    saves(Mode, ({ mode }) => [mode, null]),
  )
  .post('/policies/:target/tools', setTools)
  .post('/policies/:target/try', tryCall);
