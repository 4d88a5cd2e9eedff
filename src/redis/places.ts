import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

/** One server, servers that sentinels watch, or a cluster. */
export type RedisServers =
  | {
      /** `redis://host:6379/0` or `rediss://host:6379`, without user and password. */
      readonly url: string;
    }
  | {
      readonly sentinels: readonly { readonly host: string; readonly port: number }[];
      /** What the sentinels call the servers. */
      readonly master: string;
      /** Of the sentinels, where they want one. */
      readonly sentinelPassword?: string | undefined;
      readonly database?: number | undefined;
      /** Servers and sentinels are spoken to over TLS. */
      readonly tls?: boolean | undefined;
    }
  | {
      /** Some nodes of a cluster, as `redis://host:6379` or `rediss://host:6379`; the others are found. */
      readonly nodes: readonly string[];
    };

/** Where Redis is, and as whom it is used. */
export type RedisServer = RedisServers & {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Certificates that the server's is checked against, beside those of the system. */
  readonly caFile?: string | undefined;
};

/** The Redis that holds the queues. */
export type RedisPlace = RedisServer & {
  /** Begins all keys; in braces, so that a cluster keeps them in one slot. */
  readonly prefix: string;
};

/** As messages name it. */
export function addressOf(server: RedisServer): string {
  if ('url' in server) return server.url;
  if ('nodes' in server) return server.nodes.join(', ');
  return `${server.master} of the sentinels ${server.sentinels.map(({ host, port }) => `${host}:${port}`).join(', ')}`;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a URL says. */
export function addressIn(url: string): Address & { readonly database: number; readonly isTls: boolean } {
  const { protocol, hostname, port, pathname } = new URL(url);
  return {
    ...{ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) },
    ...{ database: Number(pathname.slice(1) || 0), isTls: protocol === 'rediss:' },
  };
}

export function tlsOf({ caFile }: RedisServer): { ca?: string[] } {
  return caFile === undefined ? {} : { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] };
}
