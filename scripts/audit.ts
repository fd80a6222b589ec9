import { messageOf } from '../src/errors.ts';
// `npm run audit`: reads, copies and verifies the audit log of a gateway's owner.

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { type AuditHead, type AuditRow, brokenAt } from '../src/account/tables/audit-row.ts';
import { CommandError, reportFailure } from './cli/command-error.ts';
import { parseCommand } from './cli/flags.ts';
import { type Gateway, OWNER_FLAGS, OWNER_HELP, runCommand } from './cli/owner-command.ts';
import { print } from './cli/print.ts';

const FLAGS = {
  ...OWNER_FLAGS,
  kind: { type: 'string' },
  grant: { type: 'string' },
  tool: { type: 'string' },
  decision: { type: 'string' },
  job: { type: 'string' },
  head: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const HELP = `npm run audit -- list [--kind K] [--grant G] [--tool T] [--decision D] [--job J]
npm run audit -- export FILE
npm run audit -- verify [--head SEQ:HASH]

verify computes the chain of hashes here, row by row, and prints its head; with the head of an earlier time it also shows whether rows
were cut off since. ${OWNER_HELP}`;

const ROWS_READ = 500;

const read = () => parseCommand(process.argv.slice(2), FLAGS);
type Flags = ReturnType<typeof read>['values'];

/** The log as it stands, oldest first, page by page, each with what its first row follows. Reading it adds rows, which are left out. */
async function* pages({ call }: Gateway): AsyncGenerator<{ rows: AuditRow[]; before: AuditHead }> {
  let before: AuditHead | undefined;
  for (let end = Number.POSITIVE_INFINITY; (before?.seq ?? 0) < end; ) {
    const { audit } = await call('audit_list', { afterSeq: before?.seq ?? 0, limit: ROWS_READ });
    if (!audit) return;
    end = Math.min(end, audit.head.seq);
    const rows = audit.rows.filter(({ seq }) => seq <= end);
    yield { rows, before: before ?? audit.base };
    before = rows.at(-1) ?? audit.head;
  }
}

const line = ({ seq, at, kind, grant, tool, decision, rule, reason, job }: AuditRow) =>
  [seq, new Date(at).toISOString(), kind, grant, tool ?? '-', decision, rule ?? '-', job ?? '-', reason ?? ''].join('  ');

async function list({ call }: Gateway, { kind, grant, tool, decision, job: jobId }: Flags) {
  const filter = Object.fromEntries(
    Object.entries({ kind, grant, tool, decision, jobId }).filter(([, value]) => value !== undefined),
  );
  const { audit } = await call('audit_list', filter);
  for (const row of audit?.rows ?? []) print(line(row));
}

async function copy(gateway: Gateway, _flags: Flags, path: string | undefined) {
  if (path === undefined) throw new CommandError('Name the file to write.');
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  await once(file, 'open').catch((error: unknown) => {
    throw new CommandError(`${path} cannot be written: ${messageOf(error)}`);
  });
  let count = 0;
  for await (const { rows } of pages(gateway)) {
    count += rows.length;
    if (!file.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
  print(`${count} rows in ${path}`);
}

const HEAD = /^(\d+):([0-9a-f]{64})$/;

async function verify(gateway: Gateway, { head: known }: Flags) {
  const [, knownSeq, knownHash] = HEAD.exec(known ?? '') ?? [];
  if (known !== undefined && knownSeq === undefined)
    throw new CommandError(`--head has the form SEQ:HASH, as verify prints it, not ${known}.`);
  let head: AuditHead | undefined;
  let isKnownFound = false;
  for await (const { rows, before } of pages(gateway)) {
    const broken = brokenAt(rows, before);
    if (broken !== undefined)
      throw new CommandError(`The chain breaks at row ${broken}: it, or what stood before it, was changed or removed.`);
    isKnownFound ||= [before, ...rows].some(({ seq, hash }) => String(seq) === knownSeq && hash === knownHash);
    head = rows.at(-1);
  }
  if (!head) return print('The log is empty.');
  if (known !== undefined && !isKnownFound)
    throw new CommandError(`The log no longer holds ${known}: its end was cut off, or all was written anew.`);
  print(`The chain holds. Head: ${head.seq}:${head.hash}`);
}

await runCommand(
  HELP,
  {
    list,
    export: copy,
    verify,
  },
  read,
).catch(reportFailure);
