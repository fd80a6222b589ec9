import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { csrf } from 'hono/csrf';
import { z } from 'zod';
import { POLICY_MODES, type PolicyMode } from '../../account/tables/policies.ts';
import type { AppEnv } from '../../auth/app-env.ts';
import { rateLimitByIp } from '../../auth/middleware.ts';
import { grantNames } from '../../auth/oauth/grants.ts';
import { renderPage } from '../../auth/render-page.ts';
import type { Person } from '../../auth/sign-in/browser-session.ts';
import { requireSignIn } from '../../auth/sign-in/require-sign-in.ts';
import { type Failure, fail, type Result, toHttpError, toToolError } from '../../errors.ts';
import { toolCall } from '../../mcp/perform.ts';
import { accountOf } from '../../objects.ts';
import { PRESET_NAMES } from '../../policy/preset-names.ts';
import { providerOf, TOOL_RISKS } from '../../policy/risk.ts';
import { personCall } from '../person-call.ts';
import { documentOf, policyFacts, shownPolicy, shownTrial, statesUnder } from './facts.ts';
import { TOOL_STATES, withState } from './tool-state.ts';
import { policiesPage, policyPage } from './view.ts';

/** Largest form, in bytes: a document in a form's escapes. */
const FORM_MAX_BYTES = 1_048_576;

async function all(c: Context<AppEnv>, person: Person) {
  const grants = await grantNames(c, person.account);
  const states = await Promise.all(grants.map(({ id }) => accountOf(c.env, person).policyState(id)));
  const shown = grants.flatMap((grant, i) => (states[i] ? [shownPolicy(grant, states[i])] : []));
  return renderPage(c, 'Policies', policiesPage(shown), { person });
}

interface News {
  news?: string;
  failure?: Failure;
  tried?: ReturnType<typeof shownTrial>;
  /** What was written and not taken: it is not lost. */
  document?: string;
}

async function one(c: Context<AppEnv>, person: Person, { news, failure, tried, document }: News = {}) {
  const grants = await grantNames(c, person.account);
  const target = grants.find(({ id }) => id === c.req.param('target'));
  if (!target) return toHttpError({ code: 'not_found' });
  const facts = policyFacts(target, await accountOf(c.env, person).policyState(target.id), grants);
  const complaint = failure && toToolError(failure).message;
  const content = policyPage({ ...facts, document: document ?? facts.document, states: TOOL_STATES, tried, news, complaint });
  return renderPage(c, 'Policy', content, { person, status: failure ? 400 : 200 });
}

const WRONG_FORM: Failure = { code: 'invalid_input', issues: ['The form is not whole. Load the page again.'] };
const readForm = async <T extends z.ZodType>(c: Context<AppEnv>, type: T): Promise<Result<z.output<T>>> => {
  const read = type.safeParse(Object.fromEntries(await c.req.formData()));
  return read.success ? { ok: true, value: read.data } : fail(WRONG_FORM);
};

const SAVED = 'Saved. It holds from the next call on.';
const SHADOWED = 'Noted: the audit log tells what it would do.';

async function set(c: Context<AppEnv>, person: Person, mode: PolicyMode, written: string | null) {
  const target = c.req.param('target') ?? '';
  const done = await accountOf(c.env, person).setPolicy(target, mode, written, person.label);
  const document = written ?? undefined;
  return one(
    c,
    person,
    done.ok ? { news: mode === 'shadow' ? SHADOWED : SAVED } : { failure: done.failure, ...(document && { document }) },
  );
}

const Preset = z.object({ preset: z.enum(PRESET_NAMES) });
const Written = z.object({ document: z.string(), mode: z.enum(POLICY_MODES) });
const Mode = z.object({ mode: z.enum(POLICY_MODES) });
const States = z.record(z.string(), z.enum(TOOL_STATES));
const Tried = z.object({ tool: z.string(), args: z.string() });

async function setTools(c: Context<AppEnv>, person: Person) {
  const form = await readForm(c, States);
  if (!form.ok) return one(c, person, form);
  const { written } = await accountOf(c.env, person).policyState(c.req.param('target') ?? '');
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
  return issues.length > 0 ? one(c, person, { failure: { code: 'invalid_input', issues } }) : set(c, person, 'enforce', document);
}

async function tryCall(c: Context<AppEnv>, person: Person) {
  const form = await readForm(c, Tried);
  if (!form.ok) return one(c, person, form);
  const { tool, args } = form.value;
  const given = z.record(z.string(), z.unknown()).safeParse(parsed(args));
  if (!given.success)
    return one(c, person, {
      failure: { code: 'invalid_input', issues: ['The arguments are no JSON object. Write {"name": value}.'] },
    });
  const call = toolCall(tool, given.data, personCall(c, person));
  const tried = await accountOf(c.env, person).tryPolicy({
    target: c.req.param('target') ?? '',
    call,
    provider: providerOf(tool),
  });
  return one(c, person, tried.ok ? { tried: shownTrial(tool, args, tried.value) } : tried);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The pages on which a person reads, changes and tries what connections may call. */
export const policies = new Hono<AppEnv>()
  .use('/policies/*', rateLimitByIp('RL_ADDRESS'), bodyLimit({ maxSize: FORM_MAX_BYTES }), csrf())
  .get('/policies', requireSignIn(all))
  .get(
    '/policies/:target',
    requireSignIn((c, person) => one(c, person)),
  )
  .post(
    '/policies/:target/preset',
    requireSignIn(async (c, person) => {
      const form = await readForm(c, Preset);
      return form.ok ? set(c, person, 'enforce', form.value.preset) : one(c, person, form);
    }),
  )
  .post(
    '/policies/:target/document',
    requireSignIn(async (c, person) => {
      const form = await readForm(c, Written);
      return form.ok ? set(c, person, form.value.mode, form.value.document) : one(c, person, form);
    }),
  )
  .post(
    '/policies/:target/remove',
    requireSignIn(async (c, person) => {
      const form = await readForm(c, Mode);
      return form.ok ? set(c, person, form.value.mode, null) : one(c, person, form);
    }),
  )
  .post('/policies/:target/tools', requireSignIn(setTools))
  .post('/policies/:target/try', requireSignIn(tryCall));
