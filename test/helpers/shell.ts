const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;

/** The environment of our own programs: nothing of the shell but what finds programs, and where Node keeps what it compiled. */
export const SHELL = { PATH, NODE_COMPILE_CACHE };
