import { z } from 'zod';
import { providers } from '../../../container/providers/index.ts';
import { fail, ok, type Result } from '../../errors.ts';
import { issuesOf } from '../../zod-issues.ts';

/** A credential that an account can store. */
interface CredentialKind {
  /** The name of the operator's setting for the same key. */
  name: string;
  description: string;
}

/** The credentials that an account can store: the keys of the model services. */
export const CREDENTIAL_KINDS: readonly CredentialKind[] = Object.values(providers).flatMap(({ service }) =>
  service.keys.map(({ setting, description }) => ({ name: setting, description })),
);

const NAMES = CREDENTIAL_KINDS.map(({ name }) => name);

/** A requested credential. */
export interface CredentialDraft {
  name: string;
  value: string;
}

const CredentialForm = z.object({
  name: z.string().refine((name) => NAMES.includes(name), `must be one of ${NAMES.join(', ')}`),
  value: z
    .string('enter the key')
    .trim()
    .regex(/^[!-~]{8,4096}$/, 'must have 8 to 4096 visible ASCII characters and no blanks'),
});

/** The requested credential, or why it cannot be stored. The reason never shows the value. */
export function readCredential(input: unknown): Result<CredentialDraft> {
  const read = CredentialForm.safeParse(input);
  return read.success ? ok(read.data) : fail({ code: 'invalid_input', issues: issuesOf(read.error).map((issue) => `${issue}.`) });
}
