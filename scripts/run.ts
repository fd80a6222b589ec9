// `node scripts/run.ts TOOL ARGS...`: a pinned tool, silent on the network and out of the home directory.
import { Refusal, reportFailure } from './cli/refusal.ts';
import { isTool, runTool } from './cli/tool.ts';

const [name = '', ...args] = process.argv.slice(2);
if (isTool(name)) process.exitCode = runTool(name, args, 'inherit').status ?? 1;
else reportFailure(new Refusal(`No tool is named ${JSON.stringify(name)}.`));
