import * as z from 'zod';
import { DATA_QUALITIES, REVISION_REASONS } from '../../model/index.ts';
import { kpiInfoSchema, kpiValueSchema } from './schemas.ts';

/* Bodies of `GET /kpis/{id}/why`. */

const time = z.string();
const count = z.number();

const saidShape = {
  value: z.number().nullable(),
  valid: z.boolean(),
  validCount: count,
  expectedCount: count,
  neededCount: count.nullable().describe('Valid parts that it needs; null where no count decides'),
  note: z.string(),
  numerator: z.number().nullable(),
  denominator: z.number().nullable(),
  amounts: z.record(z.string(), z.number()).describe('Amounts behind the value by name'),
};

const useShape = {
  used: z.boolean(),
  weight: z.number().nullable().describe('Share of the value, 0 to 1; null where amounts add up'),
  reason: z.string().describe('Why it is left out; empty for what is used'),
};

const whyDeviceSchema = z
  .object({
    device: z.string(),
    name: z.string(),
    zone: z.string().describe('Empty outside of all zones'),
    role: z.enum(['ambient', 'bulk', 'customer', 'generation', 'grid', 'ignore']),
    ...useShape,
    ...saidShape,
  })
  .meta({ id: 'WhyDevice' });

export const whySchema = z
  .object({
    kpi: kpiInfoSchema,
    zone: z.string(),
    start: time,
    end: time,
    published: kpiValueSchema.nullable().describe('The newest revision that was published; null when there is none'),
    recomputed: kpiValueSchema.describe('The value as it is made now; of the published revision'),
    equal: z.boolean().nullable().describe('Whether both say the same; null when nothing was published'),
    formula: z.object({
      method: z.string().describe('With the version of the tables that it uses'),
      completeness: z.string(),
      spatial: z.string(),
      source: z.string(),
    }),
    whole: z.object(saidShape).describe('The value with what it is divided by and made of'),
    zones: z.array(
      z.object({
        zone: z.string(),
        own: z.boolean().describe('What lies in the zone itself, outside of the zones in it'),
        population: count,
        ...useShape,
        ...saidShape,
      }),
    ),
    devices: z.array(whyDeviceSchema).describe('A page of those that the value is made of'),
    deviceCount: count,
    leftOut: z.array(whyDeviceSchema).describe('A page of those that it is not made of'),
    leftOutCount: count,
    facts: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        unit: z.string(),
        value: z.number().nullable().describe('Null when it was never told'),
        source: z.string(),
        quality: z.enum(DATA_QUALITIES).nullable(),
        since: time.nullable().describe('In force since; null when it always was'),
      }),
    ),
    days: z
      .object({
        of: z.string().describe('KPI of the day'),
        level: z.enum(['device', 'zone']),
        ended: count.describe('Days of the window that have ended'),
        expected: count.describe('Days of the window'),
        subjects: count.describe('Devices or zones that said something of a day'),
        listed: count.describe('How many of these the list counts'),
        list: z.array(z.object({ start: time, value: z.number().nullable(), said: count, valid: count })),
      })
      .nullable()
      .describe('Of windows of many days: the days that they are folded from'),
    revisions: z
      .array(
        z.object({
          revision: z.int(),
          reason: z.enum(REVISION_REASONS).nullable(),
          before: z.number().nullable().describe('Value of the revision before'),
          value: z.number().nullable(),
          valid: z.boolean(),
          final: z.boolean(),
          watermark: time.nullable().describe('Event time up to which the inputs were complete when it was said'),
        }),
      )
      .describe('All that was published of the window, oldest first'),
    next: z.string().nullable().describe('Pass as `offset` to go on with either list of devices'),
  })
  .meta({ id: 'Why' });

export type WhyBody = z.output<typeof whySchema>;
