import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT_ROOT, plantTree } from './support/source-tree.ts';

/* .ci/run with an npm that only prints: the closing line and the exit code are what others read. */

const SERVERS = ['chromium', 'mosquitto', 'mosquitto_pub', 'redis-server', 'influxd', 'victoria-metrics', 'strace'];

test('closes with the counts of the runner and passes its exit code on', () => {
  const summary =
    '\u001b[2m      Tests \u001b[22m \u001b[31m2 failed\u001b[39m | \u001b[32m163 passed\u001b[39m | 4 skipped (169)';
  const run = runWith(`[ "$1" = ci ] && exit 0; printf '%b\\n' '${summary}'; exit 1`);
  expect(run.status).toBe(1);
  expect(run.stdout.trimEnd().split('\n').at(-1)).toBe('163 passed, 2 failed, 4 skipped');
});

test('says 0 for what the runner does not mention', () => {
  const run = runWith(`[ "$1" = ci ] && exit 0; echo '      Tests  12 passed (12)'`);
  expect([run.status, run.stdout.trimEnd().split('\n').at(-1)]).toEqual([0, '12 passed, 0 failed, 0 skipped']);
});

test('stops when the dependencies cannot be installed', () => {
  const run = runWith('exit 9');
  expect([run.status, run.stdout]).toEqual([9, '']);
});

function runWith(npm: string) {
  const stubs = Object.fromEntries(SERVERS.map((name) => [`stubs/${name}`, '#!/bin/sh\n']));
  const script = readFileSync(join(PROJECT_ROOT, '.ci/run'), 'utf8');
  const root = plantTree({ '.ci/run': script, ...stubs, 'stubs/npm': `#!/bin/bash\n${npm}\n` });
  for (const name of [...SERVERS, 'npm']) chmodSync(join(root, 'stubs', name), 0o755);
  const path = `${join(root, 'stubs')}:/usr/bin:/bin`;
  return spawnSync('bash', [join(root, '.ci/run')], { encoding: 'utf8', env: { PATH: path } });
}
