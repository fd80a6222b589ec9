import { z } from 'zod';
import { sha256Of } from '../../account/digest.ts';
import { fail, ok, type Result } from '../../errors.ts';
import { upTo } from '../input.ts';
import { fittingPart } from '../result/fit.ts';
import { withTimes } from '../result/times.ts';

/** Parameters of a tool that lists: where to continue, and the entries in a page. */
export const pageInput = (usual: number, max: number) => ({
  cursor: z
    .string()
    .regex(/^\d{1,15}(-[0-9a-f]{8})?$/, 'must be the nextCursor of an earlier answer')
    .optional(),
  limit: upTo(max, usual),
});

/** The mark of the filters of a list in its cursors; none for a list without filters. */
function markOf(filter: object): string {
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  return isFiltered ? `-${sha256Of(filter).slice(0, 8)}` : '';
}

/** The place where a list with these filters continues, or undefined at its beginning. A cursor of a list with other filters is refused. */
export function placeAfter(cursor: string | undefined, filter: object): Result<number | undefined> {
  if (cursor === undefined) return ok(undefined);
  const [digits = ''] = cursor.split('-');
  if (cursor === `${digits}${markOf(filter)}`) return ok(Number(digits));
  const issue = 'cursor: belongs to a list with other filters. Repeat those filters with it, or omit cursor to begin a new list.';
  return fail({ code: 'invalid_input', issues: [issue] });
}

/** A page of a list that was read: its entries, at most `limit`, with the filters that they match. */
interface Page<E> {
  entries: E[];
  limit: number;
  filter: object;
}

/** The entries of a page that fit an answer, as `view` shows them, and the cursor after them: undefined after the last page. */
export function pageOf<E, V>({ entries, limit, filter }: Page<E>, placeOf: (entry: E) => number, view: (entry: E) => V) {
  const shown = fittingPart(entries.map((entry) => withTimes(view(entry))));
  const last = entries[shown.length - 1];
  const isMore = shown.length < entries.length || entries.length === limit;
  return { shown, nextCursor: isMore && last !== undefined ? `${placeOf(last)}${markOf(filter)}` : undefined };
}
