import { join } from 'node:path';
import { freePort } from './ports.ts';
import { installed, ServerProcess } from './server-process.ts';

/** Where InfluxDB 1.x is installed; undefined where it is not. */
export const INFLUXD = installed('/usr/bin/influxd', '/usr/local/bin/influxd');

/** An InfluxDB 1.x of one's own; its data lies in the folder. */
export async function openInfluxd(folder: string, isStarted = true): Promise<ServerProcess> {
  const backupPort = await freePort();
  return ServerProcess.open(
    {
      program: INFLUXD!,
      args: () => ['-config', '/dev/null'],
      environment: (port) => ({
        INFLUXDB_REPORTING_DISABLED: 'true',
        INFLUXDB_BIND_ADDRESS: `127.0.0.1:${backupPort}`,
        INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${port}`,
        INFLUXDB_META_DIR: join(folder, 'meta'),
        INFLUXDB_DATA_DIR: join(folder, 'data'),
        INFLUXDB_DATA_WAL_DIR: join(folder, 'wal'),
        INFLUXDB_MONITOR_STORE_ENABLED: 'false',
      }),
      healthPath: '/ping',
    },
    isStarted,
  );
}
