import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import * as z from 'zod';
import { OperatingError, systemClock } from '../base/index.ts';
import { createIntake, type Decoded, INTAKE_LIMITS, type Intake } from '../intake/index.ts';
import type { Message } from '../model/index.ts';
import {
  builtInProfiles,
  type CompiledProfiles,
  compileProfiles,
  loadProfiles,
  profileJsonSchema,
} from '../profiles/index.ts';
import { differences, printedReading } from './decode-compare.ts';
import { report } from './publish-flags.ts';

interface Options {
  readonly messages?: string;
  readonly topic?: string;
  readonly payload?: string;
  readonly profiles: string[];
  readonly zone: string;
  readonly received?: string;
  readonly family?: string[];
  readonly schema?: boolean;
}

const EXAMPLES = `
Examples:
  What one message of a plug gives, its local time read in Madrid:
    vitals decode --topic tele/plug-1/SENSOR --zone Europe/Madrid \\
      --payload '{"Time":"2026-01-15T12:00:00","ENERGY":{"Total":6.294,"Power":2635}}' --received 2026-01-15T11:00:02Z

  The same, the payload from a file or a pipe:
    mosquitto_sub -t 'tele/plug-1/SENSOR' -C 1 | vitals decode --topic tele/plug-1/SENSOR --payload -

  All cases of a file, compared with what they expect (exit code 1 on any difference):
    vitals decode --messages device-profiles/tasmota/energy/cases.json

  Profiles of your own before the built-in ones:
    vitals decode --profiles ./my-profiles --messages ./my-cases.json

The readings go to standard output, one JSON object a line; rejects, differences and the summary go to standard error.
`;

/** Registers `vitals decode`: shows what device profiles make of messages, without a broker or a store. */
export function decodeCommand(program: Command): void {
  program
    .command('decode')
    .description('show what the device profiles make of messages, and compare with what is expected')
    .option(
      '--messages <file>',
      'JSON file {"messages":[{id, family, topic, payload, receivedAt, siteZone, expected}]}',
    )
    .option('--topic <topic>', 'topic of one message')
    .option('--payload <text>', 'payload of one message; - reads standard input', '-')
    .option(
      '--profiles <dir>',
      'folder of device profiles, tried before the built-in ones; may be repeated',
      collect,
      [],
    )
    .option('--zone <iana>', 'time zone for local times without a zone', 'UTC')
    .option('--received <iso>', 'when the message was received, such as 2026-01-15T12:00:00Z; default now')
    .option('--family <names...>', 'only messages of these families')
    .option('--schema', 'print the JSON Schema of profile.yaml and stop')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => report(async () => run(options)));
}

function run(options: Options): number {
  if (options.schema === true) {
    process.stdout.write(`${JSON.stringify(profileJsonSchema(), null, 2)}\n`);
    return 0;
  }
  const profiles = compileProfiles(loadProfiles([...options.profiles, builtInProfiles()]));
  return options.messages === undefined
    ? decodeOne(options, profiles)
    : decodeFile(options.messages, options, profiles);
}

function collect(value: string, list: string[]): string[] {
  return [...list, value];
}

function decodeOne(options: Options, profiles: CompiledProfiles): number {
  if (options.topic === undefined) {
    throw new OperatingError(
      'usage',
      'cannot decode: say --topic and --payload for one message, or --messages for a file',
    );
  }
  const bytes =
    options.payload === '-' || options.payload === undefined
      ? readFileSync(0)
      : new TextEncoder().encode(options.payload);
  const receivedAtMs = options.received === undefined ? systemClock.nowMs() : instantMs(options.received, '--received');
  const decoded = intakeFor(profiles, options.zone)(messageOf(options.topic, bytes, receivedAtMs));
  print(decoded);
  if (decoded.kind === 'decoded') {
    note(
      `${decoded.readings.length} readings, ${decoded.rejects.length} refused, by ${decoded.profile || 'no profile'}`,
    );
    return decoded.rejects.length === 0 ? 0 : 1;
  }
  note(`rejected: ${decoded.reject.reason}: ${decoded.reject.detail}`);
  return 1;
}

const fileSchema = z.object({
  messages: z.array(
    z.object({
      id: z.string(),
      family: z.string().default(''),
      topic: z.string(),
      payload: z.string(),
      receivedAt: z.string(),
      siteZone: z.string().optional(),
      expected: z.array(z.record(z.string(), z.unknown())).nullish(),
      expectedReject: z.string().optional(),
    }),
  ),
});

type Case = z.output<typeof fileSchema>['messages'][number];

function decodeFile(file: string, options: Options, profiles: CompiledProfiles): number {
  const wanted = options.family === undefined ? undefined : new Set(options.family);
  const cases = readCases(file).filter(({ family }) => wanted === undefined || wanted.has(family));
  const intakes = new Map<string, Intake>();
  let readings = 0;
  let compared = 0;
  let different = 0;
  for (const one of cases) {
    const zone = one.siteZone ?? options.zone;
    const intake = intakes.get(zone) ?? intakeFor(profiles, zone);
    intakes.set(zone, intake);
    const decoded = intake(
      messageOf(one.topic, new TextEncoder().encode(one.payload), instantMs(one.receivedAt, `${one.id}: receivedAt`)),
    );
    print(decoded);
    readings += decoded.kind === 'decoded' ? decoded.readings.length : 0;
    const lines = complaints(one, decoded);
    if (lines !== undefined) compared++;
    if (lines !== undefined && lines.length > 0) different++;
    for (const line of lines ?? []) note(`${one.id}: ${line}`);
  }
  note(
    `${cases.length} messages, ${readings} readings; ${compared} compared, ${compared - different} as expected, ${different} different`,
  );
  return different === 0 ? 0 : 1;
}

/** Differences of a case; undefined where nothing is expected of it. */
function complaints(one: Case, decoded: Decoded): string[] | undefined {
  if (one.expectedReject !== undefined) {
    const found = decoded.kind === 'rejected' ? decoded.reject.reason : decoded.rejects[0]?.reject.reason;
    return found === one.expectedReject
      ? []
      : [`reject "${one.expectedReject}" was expected, found "${found ?? 'none'}"`];
  }
  if (one.expected !== undefined && one.expected !== null) return differences(decoded, one.expected);
  if (decoded.kind === 'rejected') note(`${one.id}: rejected: ${decoded.reject.reason}: ${decoded.reject.detail}`);
  return undefined;
}

function readCases(file: string): Case[] {
  let tree: unknown;
  try {
    tree = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new OperatingError('messages_invalid', `cannot read the messages ${file}: ${(cause as Error).message}`, {
      cause,
    });
  }
  const parsed = fileSchema.safeParse(tree);
  if (!parsed.success)
    throw new OperatingError('messages_invalid', `cannot use the messages ${file}:\n${z.prettifyError(parsed.error)}`);
  return parsed.data.messages;
}

function intakeFor(profiles: CompiledProfiles, zone: string): Intake {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch (cause) {
    throw new OperatingError(
      'usage',
      `cannot use the time zone "${zone}": write UTC or an IANA name such as Europe/Madrid`,
      { cause },
    );
  }
  return createIntake({ profiles, limits: INTAKE_LIMITS, clockMode: 'wall', siteTimeZone: zone });
}

function messageOf(topic: string, payload: Uint8Array, receivedAtMs: number): Message {
  return { topic, payload, payloadBytes: payload.length, clientId: '', receivedAtMs, flags: 0 };
}

function instantMs(text: string, what: string): number {
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch (cause) {
    throw new OperatingError('usage', `cannot use ${what} "${text}": write an instant such as 2026-01-15T12:00:00Z`, {
      cause,
    });
  }
}

function print(decoded: Decoded): void {
  if (decoded.kind === 'rejected') return;
  for (const reading of decoded.readings) process.stdout.write(`${JSON.stringify(printedReading(reading))}\n`);
  for (const { index, reject } of decoded.rejects) note(`reading ${index} refused: ${reject.reason}: ${reject.detail}`);
}

function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
