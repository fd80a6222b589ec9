import type { Context } from 'hono';
import { AuditFilter, type AuditState } from '../../account/tables/audit-log.ts';
import type { SignedInEnv } from '../../auth/app-env.ts';
import { grantNameOf, grantNames } from '../../auth/oauth/grants.ts';
import { renderPage } from '../../auth/render-page.ts';
import { accountOf } from '../../objects.ts';
import { auditRead, consolePage } from '../console-page.ts';
import { auditPage } from './view.ts';

const ROWS_SHOWN = 50;
/** Rows that the export reads at a time. */
const EXPORT_BATCH_ROWS = 500;

/** The filter in a query. Empty fields are ignored, and so is a query that is not valid. */
function filterOf(query: Record<string, string>): AuditFilter {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  return AuditFilter.safeParse(Object.fromEntries(given)).data ?? {};
}

function chainWords({ base, head, brokenAt }: AuditState) {
  if (brokenAt !== undefined)
    return { isIntact: false, words: `The chain breaks at row ${brokenAt}: this row or an earlier one was changed or removed.` };
  const from = base.seq === 0 ? 'from the first row' : `after row ${base.seq} (older rows were removed by age)`;
  return {
    isIntact: true,
    words: `The chain is intact ${from} to row ${head.seq}, hash ${head.hash}. Keep this hash to detect later whether newer rows were cut off.`,
  };
}

async function showLog(c: Context<SignedInEnv>) {
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
    rows: rows.map((row) => ({ ...row, who: grantNameOf(grants, row.grant) })),
    grants: grants.slice(1),
    filter,
    older: last && new URLSearchParams({ ...filter, before: String(last.seq) }).toString(),
    chain: chain && chainWords(chain),
  });
  return renderPage(c, 'Audit log', content);
}

/** The whole log as JSON lines, oldest first, streamed. */
function exportLog(c: Context<SignedInEnv>): Response {
  const account = accountOf(c.env, c.var.person);
  const encoder = new TextEncoder();
  let after = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const rows = await account.auditAfter(after, EXPORT_BATCH_ROWS);
      after = rows.at(-1)?.seq ?? after;
      for (const row of rows) controller.enqueue(encoder.encode(`${JSON.stringify(row)}\n`));
      if (rows.length < EXPORT_BATCH_ROWS) controller.close();
    },
  });
  const headers = {
    'content-type': 'application/x-ndjson',
    'content-disposition': 'attachment; filename="audit.jsonl"',
    'cache-control': 'no-store',
  };
  return new Response(body, { headers });
}

/** The page of the audit log and its export. */
export const audit = consolePage('/audit').use('/audit/*', auditRead).get('/audit', showLog).get('/audit/export', exportLog);
