import type { Context } from 'hono';
import { z } from 'zod';
import { parsedJson } from '../../../container/providers/json.ts';
import { POLICY_MODES, type PolicyMode } from '../../account/tables/policies.ts';
import { withDigest } from '../../account/tool-call.ts';
import type { SignedInEnv } from '../../auth/app-env.ts';
import { grantNames } from '../../auth/oauth/grants.ts';
import { renderPage } from '../../auth/render-page.ts';
import { type Failure, fail, type Result, toHttpError, toToolError } from '../../errors.ts';
import { accountOf } from '../../objects.ts';
import { PRESET_NAMES } from '../../policy/preset-names.ts';
import { toolNamed } from '../../policy/tools.ts';
import { auditRead, consolePage } from '../console-page.ts';
import { documentOf, policyFacts, shownPolicy, shownTrial, statesUnder } from './facts.ts';
import { TOOL_STATES, withState } from './tool-state.ts';
import { policiesPage, policyPage, type TestedCall } from './view.ts';

/** Largest form, in bytes: a policy document with URL escapes. */
const POLICY_FORM_MAX_BYTES = 1_048_576;

async function listPolicies(c: Context<SignedInEnv>) {
  const grants = await grantNames(c, c.var.person.account);
  const states = await Promise.all(grants.map(({ id }) => accountOf(c.env, c.var.person).policyState(id, 0)));
  const shown = grants.flatMap((grant, i) => (states[i] ? [shownPolicy(grant, states[i])] : []));
  return renderPage(c, 'Policies', policiesPage(shown));
}

interface PolicyOutcome {
  notice?: string;
  failure?: Failure;
  tested?: TestedCall;
  /** A refused document, so that it is not lost. */
  document?: string;
}

async function showPolicy(c: Context<SignedInEnv>, { notice, failure, tested, document }: PolicyOutcome = {}) {
  const grants = await grantNames(c, c.var.person.account);
  const target = grants.find(({ id }) => id === c.req.param('target'));
  if (!target) return toHttpError({ code: 'not_found' });
  const facts = policyFacts(target, await accountOf(c.env, c.var.person).policyState(target.id), grants);
  const problem = failure && toToolError(failure).message;
  const content = policyPage({ ...facts, document: document ?? facts.document, tested, notice, problem });
  return renderPage(c, 'Policy', content, { status: failure ? 400 : 200 });
}

const WRONG_FORM: Failure = { code: 'invalid_input', issues: ['The form is not complete. Reload the page and try again.'] };
const readForm = async <T extends z.ZodType>(c: Context<SignedInEnv>, type: T): Promise<Result<z.output<T>>> => {
  const read = type.safeParse(Object.fromEntries(await c.req.formData()));
  return read.success ? { ok: true, value: read.data } : fail(WRONG_FORM);
};

const REMOVED = 'Removed. This applies from the next call.';
const SAVED = {
  enforce: 'Saved. It applies from the next call.',
  shadow: 'Saved as shadow. The audit log records what it would decide.',
} as const satisfies Record<PolicyMode, string>;

async function savePolicy(c: Context<SignedInEnv>, mode: PolicyMode, written: string | null) {
  const target = c.req.param('target') ?? '';
  const done = await accountOf(c.env, c.var.person).setPolicy(target, mode, written, c.var.person.label);
  if (done.ok) return showPolicy(c, { notice: written === null ? REMOVED : SAVED[mode] });
  return showPolicy(c, { failure: done.failure, ...(written !== null && { document: written }) });
}

const PresetForm = z.object({ preset: z.enum(PRESET_NAMES) });
const DocumentForm = z.object({ document: z.string(), mode: z.enum(POLICY_MODES) });
const RemoveForm = z.object({ mode: z.enum(POLICY_MODES) });
const ToolsForm = z.record(z.string(), z.enum(TOOL_STATES));
const TestForm = z.object({ tool: z.string(), args: z.string() });

/** A route that saveForm the change in a form. */
const saveForm =
  <T extends z.ZodType>(type: T, change: (form: z.output<T>) => [mode: PolicyMode, written: string | null]) =>
  async (c: Context<SignedInEnv>) => {
    const form = await readForm(c, type);
    return form.ok ? savePolicy(c, ...change(form.value)) : showPolicy(c, form);
  };

async function setTools(c: Context<SignedInEnv>) {
  const form = await readForm(c, ToolsForm);
  if (!form.ok) return showPolicy(c, form);
  const { written } = await accountOf(c.env, c.var.person).policyState(c.req.param('target') ?? '');
  const is = statesUnder(written);
  // A tool whose state stays keeps its rules and their reasons.
  const wanted = Object.entries(form.value).filter(([tool, state]) => toolNamed(tool) !== undefined && state !== is(tool));
  const document = JSON.stringify(
    wanted.reduce(
      (changed, [tool, state]) => (state === 'custom' ? changed : withState(changed, tool, state)),
      documentOf(written),
    ),
  );
  const becomes = statesUnder(document);
  const issues = wanted.flatMap(([tool, state]) =>
    state === 'custom' || becomes(tool) === state ? [] : [`${tool}: a prefix in the hide list covers it. Edit the document.`],
  );
  return issues.length > 0 ? showPolicy(c, { failure: { code: 'invalid_input', issues } }) : savePolicy(c, 'enforce', document);
}

const NO_OBJECT = 'The arguments are not a valid JSON object. Write {"name": value}.';

async function testCall(c: Context<SignedInEnv>) {
  const form = await readForm(c, TestForm);
  if (!form.ok) return showPolicy(c, form);
  const tested = form.value;
  const { tool, args } = tested;
  const given = z.record(z.string(), z.unknown()).safeParse(parsedJson(args));
  if (!given.success) return showPolicy(c, { tested, failure: { code: 'invalid_input', issues: [NO_OBJECT] } });
  const origin = new URL(c.var.resource).origin;
  const call = withDigest({ grant: `person: ${c.var.person.label}`, client: 'a browser', tool, args: given.data, origin });
  const tried = await accountOf(c.env, c.var.person).tryPolicy({ target: c.req.param('target') ?? '', call });
  return showPolicy(c, tried.ok ? { tested: { ...tested, result: shownTrial(tried.value) } } : { ...tried, tested });
}

/** The pages on which a person reads, changes and tests policies. */
export const policies = consolePage('/policies', POLICY_FORM_MAX_BYTES)
  .use('/policies/*', auditRead)
  .get('/policies', listPolicies)
  .get('/policies/:target', (c) => showPolicy(c))
  .post(
    '/policies/:target/preset',
    saveForm(PresetForm, ({ preset }) => ['enforce', preset]),
  )
  .post(
    '/policies/:target/document',
    saveForm(DocumentForm, ({ mode, document }) => [mode, document]),
  )
  .post(
    '/policies/:target/remove',
    saveForm(RemoveForm, ({ mode }) => [mode, null]),
  )
  .post('/policies/:target/tools', setTools)
  .post('/policies/:target/try', testCall);
