import * as z from 'zod';
import { host, port } from './fields.ts';

/** What a server shows of itself over TLS. */
export const certificateFiles = {
  /** PEM file with the certificate of the server, followed by those that lead to its authority. */
  certFile: z.string().min(1),
  /** PEM file with the key of the certificate, not encrypted. */
  keyFile: z.string().min(1),
};

/** The address of MQTT over TLS, the server's certificate, and what is asked of clients' certificates. */
export const mqttTlsSchema = z.strictObject({
  host: host.default('127.0.0.1'),
  port: port.default(8883),
  ...certificateFiles,
  /** `required`: who has no certificate of the authority is not let in; `optional`: may log in by a secret instead. */
  clientCertificates: z.enum(['none', 'optional', 'required']).default('none'),
  /** PEM file with the authorities that clients' certificates must come from; needed unless that is `none`. */
  clientCaFile: z.string().min(1).optional(),
  /** What of a client's certificate says who it is: common name, or the alternative name of a kind. */
  clientName: z.enum(['cn', 'dns', 'uri', 'email']).default('cn'),
});

/** MQTT over WebSocket, sub-protocol `mqtt`. */
export const mqttWebSocketSchema = z.strictObject({
  host: host.default('127.0.0.1'),
  port: port.default(8083),
  path: z.string().startsWith('/').max(256).default('/mqtt'),
  /** Encrypted (`wss`) with what `mqtt.tls` says of certificates. */
  tls: z.boolean().default(false),
  /** Origins of pages that may connect, such as `https://city.example`. What is no page says none and may always. */
  origins: z.array(z.url({ protocol: /^https?$/, error: 'write an origin such as https://city.example' })).default([]),
});

/** Where common firmware says that it is there, or no longer. */
export const STATUS_TOPICS = [
  'in/{id}/status',
  'in/{id}/state',
  'tele/{id}/LWT',
  'shellies/{id}/online',
  '{id}/online',
];

/** Filters with `{id}` as a level of its own: without it, every device could speak for every other. */
export const deviceFilters = (standard: string[]) =>
  z
    .array(
      z.string().refine((filter) => filter.split('/').includes('{id}') && !filter.startsWith('$'), {
        error: (issue) => `"${String(issue.input)}" has no level {id}; write for example in/{id}/#`,
      }),
    )
    .default(standard);

interface MqttRelations {
  readonly plain: boolean;
  readonly payloadMax: number;
  readonly packetMax: number;
  readonly tls?: z.output<typeof mqttTlsSchema> | undefined;
  readonly webSocket?: z.output<typeof mqttWebSocketSchema> | undefined;
}

/** Relations between keys of `mqtt`; each names the keys and their values. */
export function checkMqtt({ plain, payloadMax, packetMax, tls, webSocket }: MqttRelations): string[] {
  const problems: string[] = [];
  if (payloadMax > packetMax)
    problems.push(`mqtt: payloadMax (${payloadMax} B) must not exceed packetMax (${packetMax} B)`);
  if (!plain && tls === undefined && webSocket === undefined)
    problems.push('mqtt: with plain (false), tls or webSocket is needed; otherwise nobody can connect');
  if (webSocket?.tls === true && tls === undefined)
    problems.push('mqtt: webSocket.tls (true) needs mqtt.tls with certFile and keyFile');
  if (tls !== undefined && tls.clientCertificates !== 'none' && tls.clientCaFile === undefined)
    problems.push(`mqtt: tls.clientCertificates (${tls.clientCertificates}) needs tls.clientCaFile`);
  return problems;
}
