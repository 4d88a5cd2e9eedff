import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { differences, type ExpectedReading } from '../../../src/commands/decode-compare.ts';
import { builtInProfiles, loadProfiles, profileJsonSchema } from '../../../src/profiles/index.ts';
import { builtInCompiled, intakeOf, message, reasonOf } from '../intake/support.ts';

interface Case {
  readonly id: string;
  readonly topic: string;
  readonly payload: string;
  readonly receivedAt: string;
  readonly siteZone?: string;
  readonly expected?: readonly ExpectedReading[];
  readonly expectedReject?: string;
  readonly provenance: { readonly licence: string; readonly kind: string };
}

const root = builtInProfiles();
const loaded = loadProfiles([root]).profiles;
const LICENCES = [/^MIT$/, /^Apache-2\.0/, /^BSD/, /^CC BY 4\.0$/, /\(format only\)$/];

function casesOf(file: string): Case[] {
  return (JSON.parse(readFileSync(join(dirname(file), 'cases.json'), 'utf8')) as { messages: Case[] }).messages;
}

describe.each(loaded.map(({ file, profile }) => ({ name: profile.name, file })))(
  'the profile $name',
  ({ name, file }) => {
    test('names the schema of its format for editors', () => {
      const depth = relative(root, dirname(file)).split('/').length;
      const [first] = readFileSync(file, 'utf8').split('\n');
      expect(first).toBe(`# yaml-language-server: $schema=${'../'.repeat(depth)}profile.schema.json`);
    });

    test('has cases that say where they come from and may be passed on', () => {
      const cases = casesOf(file);
      expect(cases.length).toBeGreaterThan(0);
      expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
      for (const { id, provenance } of cases) {
        expect(
          LICENCES.some((licence) => licence.test(provenance.licence)),
          `${id}: ${provenance.licence}`,
        ).toBe(true);
      }
    });

    test.each(casesOf(file))('reads $id as expected', (one) => {
      const receivedAtMs = Temporal.Instant.from(one.receivedAt).epochMilliseconds;
      const decoded = intakeOf(builtInCompiled(), { siteTimeZone: one.siteZone ?? 'UTC' })(
        message(one.topic, one.payload, { receivedAtMs }),
      );
      expect(decoded.profile).toBe(name);
      if (one.expectedReject === undefined) expect(differences(decoded, one.expected ?? [])).toEqual([]);
      else expect(reasonOf(decoded)).toBe(one.expectedReject);
    });
  },
);

test('every folder of a model has one profile and its cases', () => {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const models = new Set(files.map((entry) => relative(root, entry.parentPath)).filter((path) => path !== ''));
  for (const model of models) {
    expect(readdirSync(join(root, model)).sort(), model).toEqual(['cases.json', 'profile.yaml']);
  }
});

test('the exported JSON Schema is the one of this version; "vitals decode --schema" writes it', () => {
  const exported: unknown = JSON.parse(readFileSync(join(root, 'profile.schema.json'), 'utf8'));
  expect(exported).toEqual(JSON.parse(JSON.stringify(profileJsonSchema())));
});
