/** The argument that a path of the form `args.a.b` names; undefined where there is none. */
export function argumentAt(args: Record<string, unknown>, path: string): unknown {
  let found: unknown = args;
  for (const step of path.split('.').slice(1)) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.getOwnPropertyDescriptor(found, step)?.value;
  }
  return found;
}
