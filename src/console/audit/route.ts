import type { Context } from 'hono';
import { AuditFilter, type AuditState } from '../../account/tables/audit-log.ts';
import { AUDIT_KINDS } from '../../account/tables/audit-row.ts';
import type { SignedInEnv } from '../../auth/app-env.ts';
import { grantNames, nameOf } from '../../auth/oauth/grants.ts';
import { renderPage } from '../../auth/render-page.ts';
import { accountOf } from '../../objects.ts';
import { consolePage } from '../console-page.ts';
import { auditPage } from './view.ts';

const ROWS_SHOWN = 50;
/** Rows that an export reads at once. */
const ROWS_READ = 500;

/** What a query narrows the list to; empty fields and nonsense narrow nothing. */
function filterOf(query: Record<string, string>): AuditFilter {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  return AuditFilter.safeParse(Object.fromEntries(given)).data ?? {};
}

function chainWords({ base, head, brokenAt }: AuditState): { isWhole: boolean; words: string } {
  if (brokenAt !== undefined)
    return { isWhole: false, words: `The chain breaks at row ${brokenAt}: it, or what stood before it, was changed or removed.` };
  const from = base.seq === 0 ? 'from the first row' : `after row ${base.seq}, what was before is gone by age,`;
  return {
    isWhole: true,
    words: `The chain holds ${from} to row ${head.seq}, whose hash is ${head.hash}. Keep it to see later whether the end was cut off.`,
  };
}

async function page(c: Context<SignedInEnv>) {
  const query = c.req.query();
  const filter = filterOf(query);
  const before = /^\d{1,15}$/.test(query.before ?? '') ? Number(query.before) : undefined;
  const account = accountOf(c.env, c.var.person);
  const [rows, grants, chain] = await Promise.all([
    account.audit(filter, ROWS_SHOWN, before),
    grantNames(c, c.var.person.account),
    query.check === undefined ? undefined : account.verifyAudit(),
  ]);
  const last = rows.length === ROWS_SHOWN ? rows.at(-1) : undefined;
  const content = auditPage({
    rows: rows.map(({ grant, ...row }) => ({ ...row, who: nameOf(grants, grant) })),
    kinds: AUDIT_KINDS,
    grants: grants.slice(1),
    filter,
    older: last && new URLSearchParams({ ...filter, before: String(last.seq) }).toString(),
    chain: chain && chainWords(chain),
  });
  return renderPage(c, 'Audit', content);
}

/** The whole log, oldest first, a line for each row, as it is read. */
function exported(c: Context<SignedInEnv>): Response {
  const account = accountOf(c.env, c.var.person);
  const encoder = new TextEncoder();
  let after = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const rows = await account.auditAfter(after, ROWS_READ);
      after = rows.at(-1)?.seq ?? after;
      for (const row of rows) controller.enqueue(encoder.encode(`${JSON.stringify(row)}\n`));
      if (rows.length < ROWS_READ) controller.close();
    },
  });
  const headers = {
    'content-type': 'application/x-ndjson',
    'content-disposition': 'attachment; filename="audit.jsonl"',
    'cache-control': 'no-store',
  };
  return new Response(body, { headers });
}

/** The page of the audit log, and its export. */
export const audit = consolePage('/audit').get('/audit', page).get('/audit/export', exported);
