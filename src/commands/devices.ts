import type { Command } from 'commander';
import { OperatingError, systemClock } from '../base/index.ts';
import {
  type AuditKind,
  addDevice,
  appendAudit,
  type ChangedDevice,
  type DeviceRecord,
  listDevices,
  revokeDevice,
  rotateDevice,
} from '../identity/index.ts';
import { loadProfiles } from '../profiles/index.ts';
import { profileFolders } from '../workers/index.ts';
import { duration, EXIT, operator, report } from './publish-flags.ts';
import { collect, readConfig } from './serve.ts';

interface Flags {
  readonly data: string;
  readonly json?: boolean;
}

interface AddFlags extends Flags {
  readonly config: string;
  readonly profile?: string;
  readonly topic: readonly string[];
  readonly device: readonly string[];
  readonly certificate?: string | true;
  readonly note?: string;
}

/** Adds `vitals devices`: the registry of the data folder. A running server sees each change within a second. */
export function devicesCommand(program: Command): void {
  const devices = program.command('devices').description('devices and gateways that may publish, and their secrets');
  addCommand(devices);
  withData(
    devices.command('list').description('all devices, with what they may publish to besides their own topics'),
  ).action((flags: Flags) => report(() => list(flags)));
  withData(
    devices
      .command('rotate')
      .description('a new secret for a device; a revoked one comes back by this')
      .argument('<id>', 'id of the device')
      .option('--grace <duration>', 'the old secret stays good for so long, such as 24h', duration, 0),
  ).action((id: string, flags: Flags & { grace: number }) =>
    report(() =>
      changed(
        flags,
        'device_rotated',
        rotateDevice(flags.data, id, { graceMs: flags.grace, nowMs: systemClock.nowMs() }),
      ),
    ),
  );
  withData(
    devices
      .command('revoke')
      .description('let a device in no more; its connection is cut')
      .argument('<id>', 'id of the device'),
  ).action((id: string, flags: Flags) =>
    report(() => changed(flags, 'device_revoked', revokeDevice(flags.data, id, systemClock.nowMs()))),
  );
}

function addCommand(devices: Command): void {
  withData(
    devices
      .command('add')
      .description('a new device; its secret is shown this once')
      .argument('<id>', 'user name and client id: 1 to 64 of A-Z, a-z, 0-9, "_" and "-"')
      .option('--profile <name>', 'device profile whose topics it publishes to, with its id in them')
      .option('--topic <filter>', 'topics that it may publish to besides (repeatable)', collect, [])
      .option('--device <id>', 'makes it a gateway: a device that it speaks for (repeatable)', collect, [])
      .option('--certificate [name]', 'it logs in by a certificate of that name (its id when absent), by no secret')
      .option('--note <text>', 'where it is, whose it is')
      .option('--config <file>', 'configuration of the city, for its own device profiles', 'cities/minimal/city.yaml'),
  ).action((id: string, flags: AddFlags) => report(() => add(id, flags)));
}

function withData(command: Command): Command {
  return command.option('--data <folder>', 'data folder of the server', 'data').option('--json', 'print JSON');
}

async function add(id: string, flags: AddFlags): Promise<number> {
  const { profile, topic, device, certificate, note } = flags;
  if (profile !== undefined) {
    const config = readConfig({ config: flags.config, data: flags.data, set: [] });
    if (typeof config === 'number') return config;
    const names = loadProfiles(profileFolders(config)).profiles.map((one) => one.profile.name);
    if (!names.includes(profile)) {
      const known = names.sort().join(', ');
      throw new OperatingError('device_invalid', `cannot use the profile "${profile}": known are ${known}`);
    }
  }
  const record = {
    id,
    profile,
    topics: topic,
    devices: device,
    certificate: certificate === true ? id : certificate,
    note,
  };
  return await changed(flags, 'device_added', addDevice(flags.data, record, systemClock.nowMs()));
}

async function changed({ data, json }: Flags, kind: AuditKind, change: Promise<ChangedDevice>): Promise<number> {
  const { record, secret } = await change;
  appendAudit(data, { kind, who: record.id, by: operator() }, systemClock.nowMs());
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ ...publicPart(record), ...(secret === undefined ? {} : { secret }) })}\n`);
    return EXIT.ok;
  }
  process.stdout.write(`${lineOf(record)}\n`);
  if (secret === undefined) return EXIT.ok;
  process.stdout.write(`user name and client id  ${record.id}\npassword                 ${secret}\n`);
  process.stderr.write('The password is kept nowhere: write it into the device now.\n');
  return EXIT.ok;
}

async function list({ data, json }: Flags): Promise<number> {
  const devices = listDevices(data);
  if (json === true) process.stdout.write(`${JSON.stringify(devices.map(publicPart))}\n`);
  else for (const record of devices) process.stdout.write(`${lineOf(record)}\n`);
  if (devices.length === 0) process.stderr.write(`no device is in ${data}; "vitals devices add" makes one\n`);
  return EXIT.ok;
}

/** A record without hashes: nothing that one needs to know, and nothing to guess at. */
function publicPart({ secretHash: _hash, oldSecret, ...record }: DeviceRecord) {
  return { ...record, ...(oldSecret === undefined ? {} : { oldSecretUntilMs: oldSecret.untilMs }) };
}

function lineOf({ id, kind, profile, topics, devices, certificate, revokedAtMs, note }: DeviceRecord): string {
  const parts = [id.padEnd(24), kind.padEnd(8), revokedAtMs === undefined ? 'active ' : 'revoked'];
  if (certificate !== undefined) parts.push(`certificate ${certificate}`);
  if (profile !== undefined) parts.push(`profile ${profile}`);
  if (topics.length > 0) parts.push(`topics ${topics.join(' ')}`);
  if (devices.length > 0) parts.push(`devices ${devices.join(' ')}`);
  if (note !== undefined) parts.push(JSON.stringify(note));
  return parts.join('  ');
}
