import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Reads a line of stdin without echoing it. */
export async function readHidden(question: string): Promise<string> {
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  process.stderr.write(question);
  const lines = createInterface({ input: process.stdin, output: silence, terminal: process.stdin.isTTY });
  const line = await lines.question('');
  lines.close();
  process.stderr.write('\n');
  return line;
}
