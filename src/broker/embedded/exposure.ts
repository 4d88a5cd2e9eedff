import { OperatingError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';

/** An address that is listened on, and what protects it. */
export interface Endpoint {
  readonly kind: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  /** Section of the configuration that names it, such as `mqtt.tls`. */
  readonly key: string;
  readonly host: string;
  readonly port: number;
}

/** The addresses that the configuration asks for; the first is the one that is announced. */
export function endpointsOf({ host, port, plain, tls, webSocket }: Config['mqtt']): readonly Endpoint[] {
  const endpoints: Endpoint[] = [];
  if (plain) endpoints.push({ kind: 'mqtt', key: 'mqtt', host, port });
  if (tls !== undefined) endpoints.push({ kind: 'mqtts', key: 'mqtt.tls', host: tls.host, port: tls.port });
  if (webSocket !== undefined) {
    const kind = webSocket.tls ? 'wss' : 'ws';
    endpoints.push({ kind, key: 'mqtt.webSocket', host: webSocket.host, port: webSocket.port });
  }
  return endpoints;
}

/**
 * Holds that nothing is reachable for others by accident: an address beyond the loopback needs TLS and somebody who can
 * be told apart from others, or a word that nobody comes in without a name, also while there is nobody yet.
 *
 * @param hasClients there are users, or devices in the registry
 * @throws OperatingError `authentication_required`, `encryption_required`, with the settings that help
 */
export function checkExposure(config: Config['mqtt'], hasClients: boolean): void {
  for (const { kind, key, host } of endpointsOf(config)) {
    if (isLoopbackHost(host)) continue;
    if (!hasClients && config.anonymous !== 'everywhere' && config.anonymous !== 'never') {
      throw new OperatingError(
        'authentication_required',
        `cannot listen for MQTT on ${host}: other machines could connect, and no users are configured; ` +
          `list them under mqtt.users, add devices with "vitals devices add", or set ${key}.host to 127.0.0.1 ` +
          '(mqtt.anonymous: never keeps everybody out until there is one, everywhere lets anybody in)',
      );
    }
    if ((kind === 'mqtt' || kind === 'ws') && !config.allowUnencrypted) {
      throw new OperatingError(
        'encryption_required',
        `cannot listen for MQTT on ${host} without TLS: secrets and readings would be open to others; ` +
          `set ${key}.host to 127.0.0.1 and give mqtt.tls a certificate, or, where the network is protected ` +
          'otherwise, set mqtt.allowUnencrypted to true',
      );
    }
  }
}

/** Whether only this machine reaches an address that is listened on. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host);
}

export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address);
}
