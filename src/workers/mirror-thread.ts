// The thread of the mirrors: carries what the embedded store gets to the stores beside it, each at its own pace.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { assert, systemClock } from '../base/index.ts';
import { devicePlacements, type MirrorConfig } from '../config/index.ts';
import type { Mirror } from '../store/index.ts';
import { createInflux1Mirror } from '../store/influx1/index.ts';
import { createInflux2Mirror } from '../store/influx2/index.ts';
import { MirrorLoop } from './mirror-loop.ts';
import type { MirrorNotice, MirrorRequest, MirrorSettings, MirrorThreadSettings } from './mirror-protocol.ts';
import { StoreReaderClient } from './store-client.ts';
import { toPortError } from './store-protocol.ts';

const port = parentPort;
assert(port !== null, 'the thread of the mirrors was started as a program');
const { mirrors, folder, readerPort, city } = workerData as MirrorThreadSettings;
const placementOf = devicePlacements(city);
const tell = (notice: MirrorNotice): void => port.postMessage(notice);
const source = new StoreReaderClient(readerPort);
const stopping = new AbortController();

const loops = mirrors.map(({ config, secret }) => {
  const { name } = config;
  return new MirrorLoop({
    ...{ name, folder, source, clock: systemClock, target: targetOf(config), mirror: mirrorOf({ config, secret }) },
    zoneOf: (device) => placementOf(device).zone,
    wait: async (forMs) => {
      await sleep(forMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    },
    random: Math.random,
    onStanding: (standing) => tell({ kind: 'standing', standing }),
    onWarning: (text) => tell({ kind: 'warning', name, text }),
  });
});

port.on('message', (_request: MirrorRequest) => stop());

try {
  await Promise.all(loops.map((loop) => loop.run()));
} catch (error) {
  tell({ kind: 'failed', error: toPortError(error) });
  stop();
}
source.close();
port.close();

function stop(): void {
  for (const loop of loops) loop.stop();
  stopping.abort();
}

/** Another one under the same name is told everything. */
function targetOf(config: MirrorConfig): string {
  const { kind, url } = config;
  return kind === 'influx1' ? `${kind} ${url} ${config.database}` : `${kind} ${url} ${config.org} ${config.bucket}`;
}

function mirrorOf({ config, secret }: MirrorSettings): Mirror {
  const { url, keep: keepMs, timeout: timeoutMs } = config;
  const common = { url: url.replace(/\/+$/, ''), keepMs, timeoutMs };
  if (config.kind === 'influx1') {
    return createInflux1Mirror({ ...common, database: config.database, username: config.username, password: secret });
  }
  const { org, bucket, bucketPerLevel, query } = config;
  return createInflux2Mirror({ ...common, org, bucket, bucketPerLevel, query, token: secret });
}
