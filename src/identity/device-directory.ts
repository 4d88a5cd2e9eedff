import { join } from 'node:path';
import type { Clock } from '../base/index.ts';
import { type DeviceDirectory, type DeviceRecord, deviceFileSchema, type ProvenDevice } from './devices.ts';
import { readRecords } from './record-file.ts';
import { hashOfSecret, isSecretOf } from './secrets.ts';
import { WatchedRecords } from './watched-records.ts';

export interface DirectoryOptions {
  readonly dataFolder: string;
  readonly clock: Clock;
  /** Told when a changed file cannot be read: the records of before stay in force. */
  readonly onProblem: (error: Error) => void;
}

/** Path of the registry in a data folder. */
export function deviceFile(dataFolder: string): string {
  return join(dataFolder, 'devices.json');
}

/**
 * Opens the registry of a data folder for reading; a folder without one has no devices.
 *
 * @throws OperatingError `records_damaged`
 */
export function openDeviceDirectory(options: DirectoryOptions): DeviceDirectory {
  return new FileDirectory(options);
}

class FileDirectory implements DeviceDirectory {
  readonly #options: DirectoryOptions;
  readonly #records: WatchedRecords;
  #byId: ReadonlyMap<string, DeviceRecord> = new Map();
  #byCertificate: ReadonlyMap<string, DeviceRecord> = new Map();
  #byHash: ReadonlyMap<string, DeviceRecord> = new Map();

  constructor(options: DirectoryOptions) {
    this.#options = options;
    const file = deviceFile(options.dataFolder);
    this.#records = new WatchedRecords(file, () => this.#read(file), options.onProblem);
  }

  get count(): number {
    return this.#byId.size;
  }

  find(id: string): DeviceRecord | undefined {
    return this.#byId.get(id);
  }

  bySecret(id: string, secret: Uint8Array | undefined): ProvenDevice | undefined {
    const record = this.#byId.get(id);
    const isNew = isSecretOf(record?.secretHash, secret);
    const isOld = isSecretOf(record?.oldSecret?.hash, secret);
    if (record === undefined || (!isNew && !isOld)) return undefined;
    const proof = isNew ? record.secretHash! : record.oldSecret!.hash;
    return this.#isGood(record, proof) ? { record, proof } : undefined;
  }

  byToken(secret: string): ProvenDevice | undefined {
    // Nobody can choose a secret by its hash: how long a hash is looked for tells nothing of those that there are.
    const proof = hashOfSecret(secret);
    const record = this.#byHash.get(proof);
    return record !== undefined && this.#isGood(record, proof) ? { record, proof } : undefined;
  }

  byCertificate(certificate: string): ProvenDevice | undefined {
    const record = this.#byCertificate.get(certificate);
    if (record === undefined) return undefined;
    const proof = `certificate ${certificate}`;
    return this.#isGood(record, proof) ? { record, proof } : undefined;
  }

  renewed({ record, proof }: ProvenDevice): ProvenDevice | undefined {
    const newest = this.#byId.get(record.id);
    return newest !== undefined && this.#isGood(newest, proof) ? { record: newest, proof } : undefined;
  }

  onChange(listener: () => void): () => void {
    return this.#records.onChange(listener);
  }

  close(): void {
    this.#records.close();
  }

  #isGood(record: DeviceRecord, proof: string): boolean {
    if (record.revokedAtMs !== undefined) return false;
    if (proof === record.secretHash || proof === `certificate ${record.certificate}`) return true;
    return proof === record.oldSecret?.hash && this.#options.clock.nowMs() < record.oldSecret.untilMs;
  }

  #read(file: string): void {
    const devices = readRecords(file, deviceFileSchema)?.devices ?? [];
    this.#byId = new Map(devices.map((record) => [record.id, record]));
    this.#byCertificate = new Map(
      devices.flatMap((record) => (record.certificate === undefined ? [] : [[record.certificate, record] as const])),
    );
    this.#byHash = new Map(
      devices.flatMap((record) =>
        [record.secretHash, record.oldSecret?.hash].flatMap((hash) =>
          hash === undefined ? [] : [[hash, record] as const],
        ),
      ),
    );
  }
}
