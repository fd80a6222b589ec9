import { compile, type Policy } from '../../../src/policy/compile.ts';
import { type PolicyInput, readDocument } from '../../../src/policy/document.ts';

/** A policy as it is written, ready to be asked; throws what is wrong with it. */
export function policyOf(written: PolicyInput): Policy {
  const read = readDocument(written);
  if (!read.ok) throw new Error(JSON.stringify(read.failure));
  return compile(read.value);
}
