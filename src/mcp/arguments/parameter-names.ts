import { providers } from '../../../container/providers/index.ts';
import { nearest } from '../../nearest.ts';

const squash = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Names that models guess, by the parameter that they mean. The first parameter that a tool has is suggested. */
const GUESSES: [guesses: string, parameters: string[]][] = [
  ['cwd dir directory path workdir workingdirectory folder root', ['workingDir']],
  ['project repo repository workspacename workspaceid', ['workspace']],
  ['message messages input text query question task content instruction instructions userprompt request', ['prompt', 'query']],
  ['search searchtext term terms keyword keywords q find', ['query']],
  ['timeout timeoutms timeoutseconds maxtime maxruntime deadline', ['runTimeoutMs', 'waitMs']],
  ['wait waittime waitseconds syncdeadline synctimeout', ['syncDeadlineMs', 'waitMs']],
  ['idletimeout', ['idleTimeoutMs']],
  ['id job task taskid requestid runid', ['jobId', 'approvalId']],
  ['session conversation conversationid resume resumeid threadid chatid', ['sessionId']],
  ['newsession newconversation', ['createNewSession']],
  ['fork', ['forkSession']],
  ['continue latest resumelast', Object.values(providers).map(({ latestParameter }) => latestParameter)],
  ['reasoning reasoningeffort thinking thinkinglevel', ['effort']],
  ['modelname modelid', ['model']],
  ['turns maxiterations maxsteps', ['maxTurns']],
  ['budget maxbudget maxcost maxcostusd costlimit', ['maxBudgetUsd']],
  ['system systemmessage', ['systemPrompt']],
  ['schema outputschema responseschema responseformat', ['jsonSchema']],
  ['permission permissions approvalmode sandbox allowedits', ['may']],
  ['toolsallowed allowtools', ['allowedTools']],
  ['blockedtools denytools excludetools', ['disallowedTools']],
  ['requestkey dedupkey', ['idempotencyKey']],
  ['after since seq fromseq', ['afterSeq', 'since', 'cursor']],
  ['from start starttime startdate createdafter', ['since', 'offset', 'cursor']],
  ['before to end endtime enddate createdbefore', ['until']],
  ['name subject heading jobname', ['title']],
  ['page nextcursor', ['cursor', 'offset']],
  ['count max maxresults pagesize size', ['limit', 'maxChars']],
  ['status', ['state']],
  ['approved decision', ['approve']],
  ['comment', ['reason']],
];

/** The parameter that a model most likely means by an unknown name, or undefined. `misnamed` has a provider's own guesses. */
export function parameterFor(unknown: string, known: string[], misnamed: Record<string, string> = {}): string | undefined {
  const squashed = squash(unknown);
  const meant = GUESSES.flatMap(([guesses, parameters]) => (guesses.split(' ').includes(squashed) ? parameters : []));
  const own = Object.hasOwn(misnamed, unknown) ? misnamed[unknown] : undefined;
  return (
    own ??
    known.find((name) => squash(name) === squashed) ??
    meant.find((name) => known.includes(name)) ??
    nearest(unknown, known)
  );
}
