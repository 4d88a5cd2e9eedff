import { statSync } from 'node:fs';
import { type Clock, DAY_MS } from '../../base/index.ts';
import { type CertificateFiles, readCertificates, type ServerCertificates } from './certificates.ts';
import type { BrokerLog } from './peers.ts';

const TELL_BEFORE_MS = 14 * DAY_MS;

/**
 * Takes certificates that were renewed on disk without a restart, and says when one is about to end. Files that do not
 * belong together are not taken: the renewal may be half done, and what is in use goes on.
 */
export class CertificateWatch {
  readonly #config: CertificateFiles;
  readonly #section: string;
  readonly #onRenewed: (certificates: ServerCertificates) => void;
  readonly #log: BrokerLog | undefined;
  readonly #clock: Clock;
  #version: string;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    config: CertificateFiles,
    onRenewed: (certificates: ServerCertificates) => void,
    { section, clock, log }: { readonly section: string; readonly clock: Clock; readonly log?: BrokerLog | undefined },
  ) {
    this.#config = config;
    this.#section = section;
    this.#onRenewed = onRenewed;
    this.#log = log;
    this.#clock = clock;
    this.#version = versionOf(config);
    this.#tellEnd(readCertificates(config, section));
  }

  /** To be called now and then. */
  look(): void {
    const version = versionOf(this.#config);
    const isTold = this.#clock.nowMs() - this.#toldAtMs < DAY_MS;
    if (version === this.#version && isTold) return;
    try {
      const certificates = readCertificates(this.#config, this.#section);
      this.#tellEnd(certificates);
      if (version === this.#version) return;
      this.#onRenewed(certificates);
      this.#version = version;
    } catch (error) {
      this.#log?.warn({ cause: (error as Error).message }, 'changed certificates were not taken');
    }
  }

  #tellEnd({ validToMs }: ServerCertificates): void {
    const nowMs = this.#clock.nowMs();
    this.#toldAtMs = nowMs;
    if (validToMs - nowMs > TELL_BEFORE_MS) return;
    const end = Temporal.Instant.fromEpochMilliseconds(validToMs).toString();
    const text = validToMs > nowMs ? 'ends soon' : 'has ended: clients do not accept it';
    this.#log?.warn({ end, file: this.#config.certFile }, `the certificate of ${this.#section} ${text}`);
  }
}

/** Changes when a file was written or put in place of another. */
function versionOf({ certFile, keyFile, clientCaFile }: CertificateFiles): string {
  return [certFile, keyFile, clientCaFile]
    .map((file) => {
      try {
        const { ino, mtimeMs, size } = statSync(file ?? '');
        return `${ino} ${mtimeMs} ${size}`;
      } catch {
        return '';
      }
    })
    .join(', ');
}
