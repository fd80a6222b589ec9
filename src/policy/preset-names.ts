/** The shipped policies, strictest first. */
export const PRESET_NAMES = ['read-only', 'own-jobs', 'careful', 'open'] as const;
