/** Result of one check. `note` means that it works but something may be missing. */
export interface Finding {
  check: string;
  state: 'ok' | 'note' | 'wrong';
  /** What was found and what to do about it. Never contains a secret. */
  says: string;
}

export const finding = (check: string, state: Finding['state'], says: string): Finding => ({ check, state, says });
