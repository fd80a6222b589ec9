// `node scripts/tool.ts TOOL ARGS...`: a pinned tool, silent on the network and out of the home directory.
import { CommandError, reportFailure } from './cli/command-error.ts';
import { isTool, runTool } from './cli/pinned-tool.ts';

const [name = '', ...args] = process.argv.slice(2);
if (isTool(name)) process.exitCode = runTool(name, args, 'inherit').status ?? 1;
else reportFailure(new CommandError(`No tool is named ${JSON.stringify(name)}.`));
