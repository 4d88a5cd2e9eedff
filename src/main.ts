import { Command } from 'commander';
import { auditCommand } from './commands/audit.ts';
import { benchCommand } from './commands/bench.ts';
import { checkCommand } from './commands/check.ts';
import { decodeCommand } from './commands/decode.ts';
import { demoCommand } from './commands/demo.ts';
import { devicesCommand } from './commands/devices.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand } from './commands/import.ts';
import { kpisCommand } from './commands/kpis.ts';
import { partitionsCommand } from './commands/partitions.ts';
import { quarantineCommand } from './commands/quarantine.ts';
import { recomputeCommand } from './commands/recompute.ts';
import { redecodeCommand } from './commands/redecode.ts';
import { replayCommand } from './commands/replay.ts';
import { reportCommand } from './commands/report.ts';
import { serveCommand } from './commands/serve.ts';
import { simulateCommand } from './commands/simulate.ts';
import { storeCommand } from './commands/store.ts';
import { tortureCommand } from './commands/torture.ts';
import { usersCommand } from './commands/users.ts';
import { verifyCommand } from './commands/verify.ts';
import { VERSION, versionCommand } from './commands/version.ts';
import { workerCommand } from './commands/worker.ts';

/*
 * The commands. An error that reaches the top is our own mistake: it ends the process with its stack, and the journal
 * keeps what was acknowledged.
 */

const program = new Command('vitals')
  .description('City Vitals: live environmental KPI values of a city from what its sensors publish over MQTT')
  .version(VERSION, '-v, --version')
  .showHelpAfterError('(add --help for the options)')
  .showSuggestionAfterError();

serveCommand(program);
demoCommand(program);
replayCommand(program);
simulateCommand(program);
verifyCommand(program);
decodeCommand(program);
checkCommand(program);
devicesCommand(program);
usersCommand(program);
auditCommand(program);
kpisCommand(program);
redecodeCommand(program);
recomputeCommand(program);
quarantineCommand(program);
exportCommand(program);
reportCommand(program);
importCommand(program);
storeCommand(program);
partitionsCommand(program);
workerCommand(program);
benchCommand(program);
tortureCommand(program);
versionCommand(program);

await program.parseAsync();
