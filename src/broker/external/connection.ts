import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { IClientOptions, MqttClient } from 'mqtt';
import { OperatingError } from '../../base/index.ts';
import type { ExternalBrokerConfig } from '../../config/index.ts';

export const RECONNECT_MS = 500;
const RECONNECT_MS_MAX = 15_000;

/**
 * How a broker is spoken to, whatever for.
 *
 * @throws OperatingError `config_invalid` for a file of certificates that cannot be read
 */
export function connectionOptions(config: ExternalBrokerConfig, password: string | undefined): IClientOptions {
  const { version, username, caFile } = config;
  return {
    protocolVersion: version,
    reconnectPeriod: RECONNECT_MS,
    // A broker may refuse for a while: it has only just begun, or somebody mends who may come in.
    reconnectOnConnackError: true,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(caFile === undefined ? {} : { ca: [...rootCertificates, readCa(caFile)] }),
  };
}

/**
 * How long to wait before something is tried again, ms: spread, so that those of a broker that comes back do not all come
 * at once.
 *
 * @param failures how often it failed since it last did not
 */
export function againAfterMs(failures: number): number {
  const longest = Math.min(RECONNECT_MS_MAX, RECONNECT_MS * 2 ** Math.min(failures, 10));
  return Math.round(longest * (0.5 + Math.random() / 2));
}

/**
 * Ends a connection in order; one that nobody answers on is not waited for any longer than that.
 *
 * @param limitMs ms
 */
export async function endWithin(limitMs: number, client: MqttClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      client.stream.destroy();
      // mqtt.js waits for the answer to a SUBSCRIBE for ever, even when the connection is gone.
      resolve();
    }, limitMs);
  });
  // What waits for a connection is not waited for: it would be there after all, and be taken for somebody.
  await Promise.race([client.endAsync(!client.connected), late]).finally(() => clearTimeout(timer));
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const text = `cannot read mqtt.external.caFile ${file}: ${(cause as Error).message}; name a file of PEM certificates`;
    throw new OperatingError('config_invalid', text, { cause });
  }
}
