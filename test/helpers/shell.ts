const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;

/** The environment of our own programs: the path of programs, and Node's compile cache. */
export const SHELL = { PATH, NODE_COMPILE_CACHE };
