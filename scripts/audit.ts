// `npm run audit`: lists, exports and verifies the audit log of the gateway's owner.
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type AuditHead, type AuditRow, brokenAt } from '../src/account/tables/audit-row.ts';
import { messageOf } from '../src/errors.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseCommand } from './cli/flags.ts';
import type { GatewayClient } from './cli/gateway-client.ts';
import { OWNER_FLAGS, OWNER_HELP, runOwnerCommand } from './cli/owner-command.ts';
import { print } from './cli/print.ts';

const FLAGS = {
  kind: { type: 'string' },
  grant: { type: 'string' },
  tool: { type: 'string' },
  decision: { type: 'string' },
  job: { type: 'string' },
  head: { type: 'string' },
  ...OWNER_FLAGS,
} as const;

const HELP = `npm run audit -- list [--kind K] [--grant G] [--tool T] [--decision D] [--job J]
npm run audit -- export FILE
npm run audit -- verify [--head SEQ:HASH]

verify computes the chain of hashes on this machine and prints its head. It also checks that no row was removed from the end since the head
that the gateway keeps elsewhere once a day, and since an earlier one that you give.`;

const PAGE_ROWS = 500;

const read = () => parseCommand(`${HELP}\n${OWNER_HELP}`, FLAGS);
type Flags = ReturnType<typeof read>['values'];

/** Pages of the log, oldest first, each with the head before its first row. Omits the rows that this reading adds. */
async function* pages({
  call,
}: GatewayClient): AsyncGenerator<{ rows: AuditRow[]; before: AuditHead; kept: AuditHead | undefined }> {
  let before: AuditHead | undefined;
  for (let end = Number.POSITIVE_INFINITY; (before?.seq ?? 0) < end; ) {
    const { audit } = await call('audit_list', { afterSeq: before?.seq ?? 0, limit: PAGE_ROWS });
    if (!audit) return;
    end = Math.min(end, audit.head.seq);
    const rows = audit.rows.filter(({ seq }) => seq <= end);
    yield { rows, before: before ?? audit.base, kept: audit.kept };
    before = rows.at(-1) ?? audit.head;
  }
}

const line = ({ seq, at, kind, grant, tool, decision, rule, reason, job }: AuditRow) =>
  [seq, new Date(at).toISOString(), kind, grant, tool ?? '-', decision, rule ?? '-', job ?? '-', reason ?? ''].join('  ');

async function list({ call }: GatewayClient, { kind, grant, tool, decision, job: jobId }: Flags) {
  const filter = Object.fromEntries(
    Object.entries({ kind, grant, tool, decision, jobId }).filter(([, value]) => value !== undefined),
  );
  const { audit } = await call('audit_list', filter);
  for (const row of audit?.rows ?? []) print(line(row));
}

async function exportLog(gateway: GatewayClient, _flags: Flags, path: string | undefined) {
  if (path === undefined) throw new CommandError('Name the file to export to.');
  let count = 0;
  const lines = async function* () {
    for await (const { rows } of pages(gateway)) {
      count += rows.length;
      yield rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    }
  };
  await pipeline(lines, createWriteStream(path, { flags: 'wx', mode: 0o600 })).catch((error: unknown) => {
    throw error instanceof CommandError ? error : new CommandError(`Cannot write ${path}: ${messageOf(error)}`);
  });
  print(`${count} rows exported to ${path}`);
}

const HEAD = /^\d+:[0-9a-f]{64}$/;
const headText = ({ seq, hash }: AuditHead) => `${seq}:${hash}`;

async function verify(gateway: GatewayClient, { head: known }: Flags) {
  if (known !== undefined && !HEAD.test(known))
    throw new CommandError(`--head must have the form SEQ:HASH, as verify prints it, not ${known}.`);
  const sought = new Set(known === undefined ? [] : [known]);
  let head: AuditHead | undefined;
  for await (const { rows, before, kept } of pages(gateway)) {
    if (head === undefined && kept && kept.seq >= before.seq) sought.add(headText(kept));
    const broken = brokenAt(rows, before);
    if (broken !== undefined)
      throw new CommandError(`The chain breaks at row ${broken}: this row or an earlier one was changed or removed.`);
    for (const row of [before, ...rows]) sought.delete(headText(row));
    head = rows.at(-1);
  }
  const [lost] = sought;
  if (lost !== undefined)
    throw new CommandError(`The log does not contain ${lost}: rows were removed from its end, or it was rewritten.`);
  if (!head) return print('The log is empty.');
  print(`The chain is valid. Head: ${headText(head)}`);
}

await runOwnerCommand({ list, export: exportLog, verify }, read).catch(reportFailure);
