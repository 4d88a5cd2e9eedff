import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { citySchema, loadConfig } from '../../src/config/index.ts';
import { createIntake, type Decoded } from '../../src/intake/index.ts';
import { QUALITY_NAMES, QUANTITIES, type Reading } from '../../src/model/index.ts';
import { compileProfiles, loadProfiles } from '../../src/profiles/index.ts';
import { listFiles, PROJECT_ROOT, plantTree } from './support/source-tree.ts';

/* What the documents say is held against the program: keys and defaults, worked examples, metrics, codes, links. */

const read = (path: string) => readFileSync(join(PROJECT_ROOT, path), 'utf8');
const sourceText = () => listFiles(PROJECT_ROOT, ['src'], /\.ts$/).map(read).join('\n');

describe('docs/configuration.md', () => {
  const text = read('docs/configuration.md');
  const rows = new Map([...text.matchAll(/^\| `([^`]+)` \| ([^\n]+)$/gm)].map((row) => [row[1]!, row[2]!]));

  test('has a row for every key of the schema, and no other', () => {
    expect([...rows.keys()].sort()).toEqual(
      keysOf(citySchema)
        .map(({ key }) => key)
        .sort(),
    );
  });

  test('says the defaults that hold', () => {
    const wrong = keysOf(citySchema).filter(({ key, standard }) => {
      const cell = rows.get(key)?.split(' | ')[1] ?? '';
      return standard === undefined ? /^`[^`]+`$/.test(cell) && !cell.includes('[') : cell !== `\`${standard}\``;
    });
    expect(wrong).toEqual([]);
  });

  test('shows a file that is accepted', () => {
    const root = plantTree({ 'city.yaml': fenced(text, 'yaml')[0]! });
    const config = loadConfig({ file: join(root, 'city.yaml'), dataFolder: root, environment: {} });
    expect(config.devices).toHaveLength(2);
  });
});

describe('docs/devices.md', () => {
  const text = read('docs/devices.md');

  test('shows a profile that makes of its cases what it says', () => {
    const [profile] = fenced(text, 'yaml');
    const { messages } = JSON.parse(fenced(text, 'json').find((block) => block.includes('"messages"'))!);
    const intake = intakeOf(plantTree({ 'profile.yaml': profile! }));
    for (const { topic, payload, receivedAt, expected } of messages) {
      const decoded = intake({
        topic,
        payload: new TextEncoder().encode(payload),
        payloadBytes: payload.length,
        clientId: '',
        receivedAtMs: Temporal.Instant.from(receivedAt).epochMilliseconds,
        flags: 0,
      });
      expect(readingsOf(decoded).map(shown)).toEqual(expected);
    }
    expect(messages).toHaveLength(1);
  });
});

describe('docs/operations.md', () => {
  const text = read('docs/operations.md');

  test('names metrics that exist', () => {
    const named = [...text.matchAll(/`vitals_(\w+)`/g)].map((found) => found[1]!);
    expect(named.length).toBeGreaterThan(5);
    const sources = sourceText();
    expect(named.filter((name) => !sources.includes(`'${name}'`))).toEqual([]);
  });

  test('names error codes that exist', () => {
    const codes = [...text.matchAll(/`((?:journal|store)_[a-z]+(?:_[a-z]+)*)`/g)].map((found) => found[1]!);
    expect(codes.length).toBeGreaterThan(4);
    const sources = sourceText();
    expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
  });
});

describe('docs/security.md', () => {
  const text = read('docs/security.md');
  const named = [...text.matchAll(/\]\(\.\.\/(tests\/[^)]+)\): "((?:[^"]|"(?! \||<br>))+)"(?= \||<br>)/g)];

  test('names tests that exist, for every line', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| input'));
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter((row) => !row.includes('](../tests/'))).toEqual([]);
    expect(named.length).toBeGreaterThan(80);
    const missing = named.filter(([, file = '', name = '']) => {
      const source = read(file).replaceAll("\\'", "'");
      return ![`'${name}'`, `"${name}"`].some((quoted) => source.includes(quoted));
    });
    expect(missing.map(([, file, name]) => `${file}: ${name}`)).toEqual([]);
  });
});

test('links between the documents lead somewhere', () => {
  const pages = [...listFiles(PROJECT_ROOT, ['docs', 'tests'], /\.md$/), 'SECURITY.md', 'CHANGELOG.md', 'README.md'];
  const broken = pages
    .filter((page) => existsSync(join(PROJECT_ROOT, page)))
    .flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .filter((link) => !existsSync(join(PROJECT_ROOT, dirname(page), link[1]!)))
        .map((link) => `${page}: ${link[1]}`),
    );
  expect(broken).toEqual([]);
});

test('the README speaks of the Node that the launcher asks for', () => {
  const major = /MAJOR_MIN = (\d+)/.exec(read('bin/vitals.js'))![1];
  expect(read('docs/operations.md')).toContain(`Node ${major} or newer`);
  expect(parse(read('docker-compose.yml'))).toHaveProperty('services');
});

interface Key {
  readonly key: string;
  /** Default as the file would write it; undefined where there is none, or where it is a structure. */
  readonly standard: string | undefined;
}

/** Every key that a file may hold, with `[]` for the elements of lists; sections without their own row. */
function keysOf(schema: z.ZodObject, prefix = ''): Key[] {
  return Object.entries(schema.shape).flatMap(([name, type]) => {
    const key = `${prefix}${name}`;
    const { inner, standard } = unwrapped(type as z.ZodType);
    if (inner instanceof z.ZodObject) return keysOf(inner, `${key}.`);
    const own = { key, standard };
    const element = inner instanceof z.ZodArray ? unwrapped(inner.element as z.ZodType).inner : undefined;
    return [own, ...kindsOf(element).flatMap((kind) => keysOf(kind, `${key}[].`))];
  });
}

/** Objects of one form, or of several that share keys; each key once. */
function kindsOf(element: z.ZodType | undefined): z.ZodObject[] {
  if (element instanceof z.ZodObject) return [element];
  if (!(element instanceof z.ZodDiscriminatedUnion)) return [];
  const kinds = element.options.filter((option) => option instanceof z.ZodObject);
  return [z.object(Object.assign({}, ...kinds.map(({ shape }) => shape)))];
}

function unwrapped(type: z.ZodType): { inner: z.ZodType; standard: string | undefined } {
  let inner = type;
  let standard: string | undefined;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    if (!(inner instanceof z.ZodOptional)) standard = written(inner.def.defaultValue);
    inner = inner.def.innerType as z.ZodType;
  }
  return { inner, standard };
}

function written(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return String(value);
  if (!Array.isArray(value)) return JSON.stringify(value);
  return value.length === 0 ? '[]' : value.join(', ');
}

function fenced(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((block) => block[1]!);
}

function intakeOf(folder: string) {
  return createIntake({
    profiles: compileProfiles(loadProfiles([folder])),
    limits: {
      payloadBytesMax: 65_536,
      nestingMax: 8,
      readingsPerMessageMax: 100,
      timeEarliestMs: 0,
      backlogMsMax: 1e12,
      aheadMsMax: 300_000,
    },
    clockMode: 'wall',
    siteTimeZone: 'UTC',
  });
}

function readingsOf(decoded: Decoded): readonly Reading[] {
  expect(decoded.kind).toBe('decoded');
  return decoded.kind === 'decoded' ? decoded.readings : [];
}

function shown(reading: Reading) {
  return {
    device: reading.device,
    quantity: reading.quantity,
    value: Math.round(reading.value * 1e9) / 1e9,
    unit: QUANTITIES.get(reading.quantity)!.unit,
    time: Temporal.Instant.fromEpochMilliseconds(reading.timeMs).toString(),
    quality: QUALITY_NAMES[reading.quality],
    channel: reading.channel,
    timeSource: reading.timeSource,
  };
}
