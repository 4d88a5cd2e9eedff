import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { installed, ServerProcess } from './server-process.ts';

/** Where Redis is installed; undefined where it is not. */
export const REDIS_SERVER = installed('/usr/bin/redis-server', '/usr/local/bin/redis-server');

/**
 * A Redis of one's own, whose data lies in the folder; nothing is evicted.
 *
 * @param more further arguments
 * @param sync `always`: each write is on disk before it is answered; `everysec`: a second later at most
 */
export function openRedisServer(
  folder: string,
  { sync = 'always', more = [] }: { readonly sync?: 'always' | 'everysec'; readonly more?: readonly string[] } = {},
): Promise<ServerProcess> {
  mkdirSync(folder, { recursive: true });
  return ServerProcess.open({
    program: REDIS_SERVER!,
    args: (port) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', sync, '--maxmemory-policy', 'noeviction'],
      ...more,
    ],
    isHealthy: (port) => answersPing(port),
  });
}

/**
 * A Sentinel that alone decides, of the master with that name: a master that is silent for half a second is replaced.
 *
 * @param folder where its file goes
 */
export function openSentinel(folder: string, name: string, masterPort: number): Promise<ServerProcess> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'sentinel.conf');
  const about = [
    ...[`monitor ${name} 127.0.0.1 ${masterPort} 1`, `down-after-milliseconds ${name} 500`],
    ...[`failover-timeout ${name} 5000`, `parallel-syncs ${name} 2`],
  ];
  return ServerProcess.open({
    program: REDIS_SERVER!,
    args: (port) => {
      const lines = [`port ${port}`, `dir ${folder}`, ...about.map((line) => `sentinel ${line}`)];
      writeFileSync(file, lines.join('\n'));
      return [file, '--sentinel'];
    },
    isHealthy: (port) => answersPing(port),
  });
}

/** True when a PING is answered; while Redis loads its file, it is not. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.once('data', (data) => {
      resolve(data.toString('latin1').startsWith('+PONG'));
      socket.destroy();
    });
    socket.write('PING\r\n');
  });
}
