import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { openRedisServer, REDIS_SERVER, type ServerProcess } from '../../harness/index.ts';
import { systemClock } from '../../src/base/index.ts';
import { openCityStreams } from '../../src/journal/redis/index.ts';
import { PARTITIONS, streamsContract } from './streams.contract.ts';

describe.skipIf(REDIS_SERVER === undefined)('in Redis (skipped where redis-server is not installed)', () => {
  let folder: string;
  let server: ServerProcess;
  let towns = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-redis-'));
    server = await openRedisServer(folder);
  });
  afterAll(async () => {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  streamsContract('Redis', async () => {
    const name = `town-${++towns}`;
    const problems: Error[] = [];
    return {
      open: (partitions = PARTITIONS) =>
        openCityStreams({
          ...{ place: { url: `redis://127.0.0.1:${server.port}` }, name, partitions, durability: { kind: 'fsync' } },
          ...{ clock: systemClock, onProblem: (error) => problems.push(error) },
        }),
      dispose: async () => {
        if (problems.length > 0) throw problems[0];
      },
    };
  });
});
