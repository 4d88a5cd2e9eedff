import { parentPort, workerData } from 'node:worker_threads';
import { assert, systemClock } from '../../base/index.ts';
import { createBullLeases } from '../../jobs/bullmq/index.ts';
import { loadProfiles } from '../../profiles/index.ts';
import { cityIntake } from '../pipeline.ts';
import { Cutter } from './cutter.ts';
import { PartitionOwner } from './partition-owner.ts';
import {
  leaseNames,
  type PartitionNotice,
  type PartitionRequest,
  type PartitionThreadSettings,
} from './partition-protocol.ts';
import { openStreams } from './streams-place.ts';

/*
 * Entry of the thread that owns partitions, and makes cuts where that is its lot. An error that reaches the top ends the
 * thread, and with it the process: another one goes on from what is kept.
 */

const { config, profileFolders, streams: place, leases: leasesPlace, node } = workerData as PartitionThreadSettings;
const port = parentPort;
assert(port !== null, 'the thread of partitions was started as a program');
const tell = (notice: PartitionNotice): void => port.postMessage(notice);
const onProblem = ({ message: text }: Error): void => tell({ kind: 'warning', text });

const intake = cityIntake(config, loadProfiles(profileFolders));
const streams = await openStreams(place, systemClock, onProblem);
const leases = createBullLeases({
  ...{ redis: leasesPlace, node, clock: systemClock, onProblem },
  timing: { leaseMs: config.journal.lease },
});
const owner = new PartitionOwner({
  ...{ streams, intake, onProblem, clock: systemClock },
  cutter: new Cutter({
    ...{ streams, onProblem, clock: systemClock },
    ...{ tickMs: config.windows.tick, markEveryMs: config.journal.markEvery },
  }),
  onInfo: (text) => tell({ kind: 'info', text }),
  // Thrown where nobody catches it: that ends the thread.
  onFailure: (error) => {
    setImmediate(() => {
      throw error;
    });
  },
});
leases.run(leaseNames(streams.partitions), owner);
owner.follow();

port.on('message', ({ kind }: PartitionRequest) => {
  assert(kind === 'stop', `the thread of partitions has no request ${kind}`);
  void stop();
});
tell({ kind: 'ready' });

async function stop(): Promise<void> {
  await leases.close();
  await owner.stop();
  await streams.close();
  tell({ kind: 'stopped' });
  port!.close();
}
