import { parentPort, workerData } from 'node:worker_threads';
import { assert, systemClock } from '../base/index.ts';
import { openLocalJournalReader } from '../journal/local/index.ts';
import { loadProfiles } from '../profiles/index.ts';
import { WINDOW_SNAPSHOT_VERSION } from '../windows/index.ts';
import { openStreams } from './cluster/index.ts';
import { EngineLoop } from './engine-loop.ts';
import type { EngineNotice, EngineRequest, EngineThreadSettings } from './engine-protocol.ts';
import type { EngineReader } from './engine-record.ts';
import { MergedReader } from './merged-reader.ts';
import { cityIntake, Pipeline } from './pipeline.ts';
import { profileEras } from './profile-history.ts';
import { resumePipeline } from './resume.ts';
import { openSnapshots } from './snapshots.ts';
import { StoreWriterClient } from './store-client.ts';

/*
 * Entry of the engine thread: everything behind the journal that is a pure function of it. An error that reaches the
 * top ends the thread, and with it the process: the journal keeps the truth for the next start.
 */

const settings = workerData as EngineThreadSettings;
const port = parentPort;
assert(port !== null, 'the engine thread was started as a program');
const tell = (notice: EngineNotice): void => port.postMessage(notice);

const { config } = settings;
const snapshots = await openSnapshots(
  settings.snapshotFolder,
  `time zone ${config.city.timeZone}, clock ${config.windows.clock}, windows of layout ${WINDOW_SNAPSHOT_VERSION}`,
);
const { storePosition, journalFirstSequence } = settings;
const loaded = loadProfiles(settings.profileFolders);
const warn = (text: string): void => tell({ kind: 'warning', text });
const eras = await profileEras({ path: settings.profileFile, loaded, storePosition, journalFirstSequence, warn });
const intakes = eras.map(({ loaded: profiles }) => cityIntake(config, profiles));
const earlier = eras.slice(1).map(({ fromSequence }, at) => ({ upToSequence: fromSequence - 1, intake: intakes[at]! }));
const pipeline = new Pipeline(config, intakes.at(-1)!, { earlier, stored: settings.storedSeries });
const fromSnapshot = await resumePipeline(
  pipeline,
  snapshots,
  { storePosition, journalFirstSequence, isShared: !('folder' in settings.journal) },
  warn,
);

const writer = new StoreWriterClient(settings.storePort);
const reader = await openReader();
const loop = new EngineLoop({
  pipeline,
  reader,
  writer,
  storePosition: settings.storePosition,
  storeBasis: settings.storeBasis,
  snapshots,
  snapshotEveryMs: config.snapshot.every,
  clock: systemClock,
  onTick: (update, standing) => tell({ kind: 'tick', update, standing }),
  onStored: (sequence) => tell({ kind: 'stored', sequence }),
  onSafe: (sequence, newestSnapshot) => tell({ kind: 'safe', sequence, newestSnapshot }),
  onWarning: warn,
});

port.on('message', (request: EngineRequest) => {
  if (request.kind === 'durable') loop.advance(request.sequence);
  else if (request.kind === 'why') {
    const { id, question } = request;
    loop.ask(question, (outcome) => tell({ kind: 'why', id, outcome }));
  } else loop.stop();
});
/** Records of the files, or what was made of those of all partitions. */
async function openReader(): Promise<EngineReader> {
  const { journal } = settings;
  if ('folder' in journal) return openLocalJournalReader(journal);
  const onProblem = ({ message }: Error): void => warn(message);
  const streams = await openStreams(journal, systemClock, onProblem);
  const merged = new MergedReader({ streams, onProblem });
  return {
    read: (...args) => merged.read(...args),
    close: async () => {
      await merged.close();
      await streams.close();
    },
  };
}

tell({ kind: 'ready', sequence: pipeline.sequence, fromSnapshot });
await loop.run();
writer.close();
await reader.close();
tell({ kind: 'stopped' });
port.close();
