import { installed, ServerProcess } from './server-process.ts';

/** Where VictoriaMetrics is installed; undefined where it is not. */
export const VICTORIA_METRICS = installed('/usr/bin/victoria-metrics', '/usr/local/bin/victoria-metrics');

/** A VictoriaMetrics of one's own, as docs/stores.md says; its data lies in the folder. */
export async function openVictoriaMetrics(folder: string, isStarted = true): Promise<ServerProcess> {
  return ServerProcess.open(
    {
      program: VICTORIA_METRICS!,
      args: (port) => [
        `-storageDataPath=${folder}`,
        `-httpListenAddr=127.0.0.1:${port}`,
        '-retentionPeriod=100y',
        '-dedup.minScrapeInterval=1ms',
        '-search.latencyOffset=0s',
        '-loggerLevel=ERROR',
      ],
      healthPath: '/health',
    },
    isStarted,
  );
}
