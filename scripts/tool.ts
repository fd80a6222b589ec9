// `node scripts/tool.ts TOOL ARGS...`: runs a pinned tool off the network and out of the home directory.
import { CommandError, reportFailure } from './cli/command-error.ts';
import { isPinnedTool, runPinnedTool } from './cli/pinned-tool.ts';

const [name = '', ...args] = process.argv.slice(2);
if (isPinnedTool(name)) process.exitCode = runPinnedTool(name, args, 'inherit').status ?? 1;
else reportFailure(new CommandError(`Unknown tool ${JSON.stringify(name)}.`));
