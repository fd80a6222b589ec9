/** The shipped policies, strictest first. */
export const PRESET_NAMES = ['read-only', 'careful', 'open'] as const;
