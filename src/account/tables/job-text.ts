import { hasTable } from '../../sql.ts';

// The index has every three characters, so a word is found within another one, and in scripts without spaces. Both the text and the words are
// folded before, so the index compares characters as they are.
const SCHEMA = `
  CREATE VIRTUAL TABLE job_text USING fts5 (title, prompt, answer, tokenize = 'trigram case_sensitive 1');
  CREATE TRIGGER job_text_removed AFTER DELETE ON entry BEGIN DELETE FROM job_text WHERE rowid = old.place; END;`;

/** Shortest word that the index finds, in code points. Shorter ones are looked for in every text. */
const MIN_INDEXED_LENGTH = 3;

/** A text as it is stored and searched: without case, accents, invisible characters and line ends. */
const fold = (text: string): string =>
  text
    .toWellFormed()
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .replace(/[\s\p{Cc}]/gu, ' ');

/** The words of a query, as they are searched. */
export const wordsOf = (query: string): string[] => [...new Set(fold(query).split(' ').filter(Boolean))];

/** A condition on the rows of the index of jobs, and its values. */
interface Condition {
  sql: string;
  values: string[];
}

/** The condition that a job's texts have all words of a query, which must have one. Nothing in a query has a meaning of its own. */
export function hasWords(query: string): Condition {
  const words = wordsOf(query);
  const isIndexed = (word: string) => [...word].length >= MIN_INDEXED_LENGTH;
  const indexed = words.filter(isIndexed).map((word) => `"${word.replaceAll('"', '""')}"`);
  const short = words.filter((word) => !isIndexed(word));
  const parts: [isNeeded: boolean, sql: string, value: string][] = [
    [indexed.length > 0, 'job_text MATCH ?', indexed.join(' AND ')],
    [
      short.length > 0,
      "NOT EXISTS (SELECT 1 FROM json_each(?) WHERE instr(title || ' ' || prompt || ' ' || answer, value) = 0)",
      JSON.stringify(short),
    ],
  ];
  const needed = parts.filter(([isNeeded]) => isNeeded);
  const where = needed.map(([, sql]) => sql).join(' AND ');
  return { sql: `place IN (SELECT rowid FROM job_text WHERE ${where})`, values: needed.map(([, , value]) => value) };
}

/** Texts of a job that are searched. */
interface Texts {
  title: string | null;
  prompt: string;
}

/** The texts of an account's jobs, for searching. A row has the number of its job's place, and is removed with its job. */
export class JobTexts {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Creates the table beside the index of jobs. Returns false if it exists. */
  create(): boolean {
    if (hasTable(this.#sql, 'job_text')) return false;
    this.#sql.exec(SCHEMA);
    return true;
  }

  add(place: number, { title, prompt }: Texts): void {
    const query = "INSERT INTO job_text (rowid, title, prompt, answer) VALUES (?, ?, ?, '')";
    this.#sql.exec(query, place, fold(title ?? ''), fold(prompt));
  }

  setAnswer(place: number, answer: string): void {
    this.#sql.exec('UPDATE job_text SET answer = ? WHERE rowid = ?', fold(answer), place);
  }
}
