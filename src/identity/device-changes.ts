import { OperatingError } from '../base/index.ts';
import { deviceFile } from './device-directory.ts';
import { type DeviceRecord, deviceFileSchema, deviceRecordSchema, IDENTITY_NAME } from './devices.ts';
import { readRecords, whileLocked, writeRecords } from './record-file.ts';
import { hashOfSecret, newSecret } from './secrets.ts';

/** What a new device is. */
export interface NewDevice {
  readonly id: string;
  readonly profile?: string | undefined;
  readonly topics?: readonly string[];
  /** Devices that it speaks for; a gateway has at least one. */
  readonly devices?: readonly string[];
  /** Logs in by a certificate with this name, and by no secret. */
  readonly certificate?: string | undefined;
  readonly note?: string | undefined;
}

/** A changed record, and the secret that nobody will be told again. */
export interface ChangedDevice {
  readonly record: DeviceRecord;
  readonly secret: string | undefined;
}

/** Adds a device. @throws OperatingError `device_exists`, `device_invalid`, `records_locked`, `records_damaged` */
export function addDevice(dataFolder: string, device: NewDevice, nowMs: number): Promise<ChangedDevice> {
  return changed(dataFolder, (devices) => {
    if (devices.some(({ id }) => id === device.id)) {
      throw new OperatingError(
        'device_exists',
        `cannot add "${device.id}": there is a device of that id; rotate its secret, or choose another id`,
      );
    }
    const holder = devices.find(({ certificate }) => certificate !== undefined && certificate === device.certificate);
    if (holder !== undefined)
      throw invalid(device.id, `the certificate name "${device.certificate}" is that of "${holder.id}"`);
    const secret = device.certificate === undefined ? newSecret() : undefined;
    const record = checked(device, secret, nowMs);
    devices.push(record);
    return { record, secret };
  });
}

function checked(device: NewDevice, secret: string | undefined, nowMs: number): DeviceRecord {
  const { id, profile, topics = [], devices = [], certificate, note } = device;
  const bad = topics.find((filter) => !isPublishFilter(filter));
  if (bad !== undefined)
    throw invalid(id, `"${bad}" is no filter of topics that a device may publish to; write for example in/${id}/#`);
  const parsed = deviceRecordSchema.safeParse({
    id,
    kind: devices.length > 0 ? 'gateway' : 'device',
    topics,
    devices,
    ...Object.fromEntries(Object.entries({ profile, certificate, note }).filter(([, value]) => value !== undefined)),
    ...(secret === undefined ? {} : { secretHash: hashOfSecret(secret) }),
    createdAtMs: nowMs,
    changedAtMs: nowMs,
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(id, `${issue?.path.join('.')}: ${issue?.message}`);
}

/** Levels with `+` and `#` where MQTT has them (4.7.1); topics of the broker and of KPI values belong to nobody else. */
function isPublishFilter(filter: string): boolean {
  if (!/^[^\s\p{C}]+$/u.test(filter)) return false;
  const levels = filter.split('/');
  if (levels[0]?.startsWith('$') === true || levels[0] === 'kpi') return false;
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1;
    return level === '+' || !/[+#]/.test(level);
  });
}

/**
 * Gives a device a new secret; with `graceMs` the one before is good for so long. A revoked device comes back by this.
 *
 * @throws OperatingError `device_unknown`, `device_invalid` for one that has a certificate
 */
export function rotateDevice(
  dataFolder: string,
  id: string,
  { graceMs, nowMs }: { readonly graceMs: number; readonly nowMs: number },
): Promise<ChangedDevice> {
  return changed(dataFolder, (devices) => {
    const { at, record } = found(devices, id);
    if (record.certificate !== undefined) throw invalid(id, 'it logs in by a certificate; make a new one for it');
    const secret = newSecret();
    const { oldSecret: _old, revokedAtMs, secretHash, ...rest } = record;
    const keepsOld = graceMs > 0 && secretHash !== undefined && revokedAtMs === undefined;
    const renewed: DeviceRecord = {
      ...rest,
      secretHash: hashOfSecret(secret),
      ...(keepsOld ? { oldSecret: { hash: secretHash, untilMs: nowMs + graceMs } } : {}),
      changedAtMs: nowMs,
    };
    devices[at] = renewed;
    return { record: renewed, secret };
  });
}

/** Lets a device in no more, at once. Its record stays, so that its id is given to nobody else. */
export function revokeDevice(dataFolder: string, id: string, nowMs: number): Promise<ChangedDevice> {
  return changed(dataFolder, (devices) => {
    const { at, record } = found(devices, id);
    const revoked: DeviceRecord = { ...record, revokedAtMs: record.revokedAtMs ?? nowMs, changedAtMs: nowMs };
    devices[at] = revoked;
    return { record: revoked, secret: undefined };
  });
}

/** All records, as they stand. @throws OperatingError `records_damaged` */
export function listDevices(dataFolder: string): readonly DeviceRecord[] {
  return readRecords(deviceFile(dataFolder), deviceFileSchema)?.devices ?? [];
}

function changed(dataFolder: string, change: (devices: DeviceRecord[]) => ChangedDevice): Promise<ChangedDevice> {
  const file = deviceFile(dataFolder);
  return whileLocked(file, () => {
    const devices = [...listDevices(dataFolder)];
    const result = change(devices);
    writeRecords(file, { format: 1, devices });
    return result;
  });
}

function found(devices: readonly DeviceRecord[], id: string): { readonly at: number; readonly record: DeviceRecord } {
  const at = devices.findIndex((device) => device.id === id);
  const record = devices[at];
  if (record !== undefined) return { at, record };
  const hint = IDENTITY_NAME.test(id) ? '"vitals devices list" shows those that there are' : 'it is no id';
  throw new OperatingError('device_unknown', `cannot change the device "${id}": there is none of that id; ${hint}`);
}

function invalid(id: string, because: string): OperatingError {
  return new OperatingError('device_invalid', `cannot use the device "${id}": ${because}`);
}
