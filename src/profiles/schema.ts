import * as z from 'zod';
import { parseDuration } from '../base/index.ts';
import { PM_CORRECTION_METHODS } from './pm-correction.ts';

/*
 * The grammar of profile.yaml. It is plain data without transforms, so that the same schema checks files here and, exported
 * as JSON Schema, guides editors. What only makes sense as a whole (known names, quantities, units, paths) is checked
 * when the profile is compiled.
 */

const duration = z
  .string()
  .refine(
    (text) => parseDuration(text.replace(/^-/, '')) !== undefined,
    'write a duration such as 250ms, 30s, 15m or 1h',
  );

const path = z
  .string()
  .regex(/^[$@#]/, 'a path starts with $ (document), @ (element) or #. (captured name)')
  .describe("$ = document, @ = element of the iteration, #.name = captured name; then .key, ['any key'] or [0]");

const paths = z
  .union([path, z.array(path).min(1)])
  .describe('one path, or several of which the first present one counts');

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const regex = z.string().min(1).describe('a regular expression without backreferences and nested repetition');

const template = z.string().describe('text with {names}; {name?} may be absent');

const conditionSchema = z.strictObject({
  path: path.optional(),
  var: z.string().optional().describe('a captured or defined name, instead of path'),
  exists: z.boolean().optional(),
  equals: scalar.optional(),
  in: z.array(scalar).optional(),
  regex: regex.optional(),
  lt: z.number().optional(),
  gt: z.number().optional(),
  not: z.boolean().optional().describe('turns the condition round'),
});

const conditions = z
  .union([path, conditionSchema, z.array(z.union([path, conditionSchema]))])
  .describe('all must hold; a bare path asks that it is present');

const matchSchema = z.strictObject({
  topic: z
    .string()
    .min(1)
    .describe('MQTT topic with {captures} (also inside a level), + for a level, # or {name#} for the rest'),
  require: conditions.optional().describe('guards on the payload'),
  ignore: z.boolean().optional().describe('a known topic without readings: status, availability, configuration'),
});

const variableSchema = z.strictObject({
  path: paths.optional(),
  template: template.optional(),
  regex: regex.optional().describe('the first group is taken; no match leaves the name absent'),
  map: z.record(z.string(), scalar).optional(),
});

const variables = z.record(z.string(), z.union([path, variableSchema]));

const deviceSchema = z.strictObject({
  id: template,
  via: template.optional().describe('the gateway that speaks for the device'),
  expectEvery: duration.optional(),
});

const timeSchema = z.strictObject({
  path: paths,
  format: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe(
      'unix, unix_ms, unix_local, iso, iso_local, or a pattern of YYYY YY MM DD hh mm ss S Z; of several the first that fits',
    ),
  zone: z.string().optional().describe('UTC, an IANA zone, or site (where the device stands); for local formats'),
  required: z
    .boolean()
    .optional()
    .describe('true: no time is a reject; false (default): the time of reception stands in'),
  step: duration.optional().describe('added once for each element of the innermost iteration'),
  shift: duration.optional().describe('added to every time'),
});

const stepSchema = z.strictObject({
  path: z
    .string()
    .regex(/^[$@#]/)
    .describe('ends in [*] for arrays or .* for objects, unless split or single'),
  as: z.string().optional().describe('name for the key (objects) or number (arrays) of the element'),
  keyRegex: regex.optional().describe('only keys that match; its named groups become names'),
  single: z.boolean().optional().describe('a value that is no array counts as an array of one'),
  split: z.string().min(1).optional().describe('splits a text into elements'),
  // biome-ignore lint/suspicious/noThenProperty: a word of the file format
  then: z.string().min(1).optional().describe('splits each of these elements into parts'),
  where: conditions.optional(),
  let: variables.optional(),
});

const steps = z.union([z.string(), z.array(z.union([z.string(), stepSchema])), stepSchema]);

const qualityName = z.enum(['good', 'suspect', 'likely bad', 'bad']);

const qualitySchema = z.strictObject({
  path: path.optional(),
  var: z.string().optional(),
  map: z.record(z.string(), qualityName).optional(),
  good: regex.optional().describe('texts that mean good'),
  else: qualityName.optional().describe('what any other present value means'),
});

const invalid = z
  .array(z.union([z.number(), z.string(), z.strictObject({ lt: z.number().optional(), gt: z.number().optional() })]))
  .describe('values by which the device says that it has none, as sent');

const shapeKeys = {
  unit: z.string().optional().describe('unit as sent; "canonical" or absent: the unit of the quantity'),
  unitPath: paths.optional().describe('where the payload says the unit'),
  scale: z.number().optional(),
  offset: z.number().optional(),
  map: z.record(z.string(), z.number().nullable()).optional().describe('texts to numbers; null: no value'),
  text: z.boolean().optional().describe('numbers come as text'),
  suffix: z.string().optional().describe('text behind the number that may be cut off'),
  invalid: invalid.optional(),
  range: z.tuple([z.number(), z.number()]).optional().describe('plausible values in the unit as sent; outside is bad'),
  channel: template.optional(),
  period: duration.optional().describe('length of the interval that the value stands for'),
  periodPath: paths.optional().describe('the same, from the payload, in seconds'),
  expectEvery: duration.optional(),
  expectEveryPath: paths.optional().describe('the same, from the payload, in seconds'),
  quality: z.array(qualitySchema).optional().describe('the worst answer counts'),
  correct: z
    .strictObject({
      method: z.enum(PM_CORRECTION_METHODS),
      humidity: paths.describe('relative humidity beside the value, %'),
      secondLaser: paths.optional().describe('averaged with the value; no value where the two do not agree'),
    })
    .optional()
    .describe('of pm2_5 of Plantower sensors: humidity and bias taken out'),
  counter: z
    .strictObject({
      resets: z.enum(['never', 'reboot', 'calendar', 'operator']).optional(),
      modulo: z.number().positive().optional(),
    })
    .optional()
    .describe('what is known of the register; told to readers of the profile, intake does not use it'),
};

const targetSchema = z.strictObject({ quantity: z.string(), ...shapeKeys });

const quantityFromSchema = z.strictObject({
  path: paths.optional(),
  var: z.string().optional(),
  ids: z.boolean().optional().describe('the payload carries quantity ids'),
  map: z
    .record(z.string(), z.union([z.string(), targetSchema]))
    .optional()
    .describe('key to quantity, or to "ignore"'),
  patterns: z.array(z.strictObject({ regex, quantity: z.string(), ...shapeKeys })).optional(),
  unmatched: z.enum(['reject', 'ignore']).optional().describe('what other keys mean; default reject'),
});

const readingSchema = z.strictObject({
  quantity: z.string().optional(),
  quantityFrom: quantityFromSchema.optional(),
  path: paths,
  required: z.boolean().optional().describe('an absent value is a reject, not merely no reading'),
  when: conditions.optional(),
  array: z
    .strictObject({ channels: z.array(z.string()).min(1) })
    .optional()
    .describe('the value may be an array; one channel each'),
  ...shapeKeys,
});

const blockSchema = z.strictObject({
  when: conditions.optional(),
  each: steps.optional(),
  device: deviceSchema.optional(),
  time: timeSchema.optional(),
  readings: z.array(readingSchema).min(1),
});

const csvSchema = z.strictObject({
  format: z.literal('csv'),
  separator: z.string().length(1).optional().describe('default ,'),
  columns: z.array(z.string()).optional().describe('names; absent: the first line names them'),
});

/** profile.yaml. Unknown keys are refused. */
export const profileSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'names are 1 to 64 of a-z, 0-9 and "-"'),
  title: z.string().min(1),
  source: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('where the format is documented'),
  match: z.array(matchSchema).min(1),
  decode: z
    .union([z.enum(['json', 'number', 'csv', 'senml', 'influx']), csvSchema])
    .optional()
    .describe('default json'),
  retained: z.enum(['process', 'drop']).optional().describe('what a retained message means; default process'),
  expectEvery: duration.optional().describe('how often a reading is expected; default 60s'),
  text: z.boolean().optional().describe('all numbers of this profile come as text'),
  units: z.record(z.string(), z.string()).optional().describe('spellings of units in this format, to UCUM'),
  vars: variables.optional(),
  device: deviceSchema.optional(),
  time: timeSchema.optional(),
  when: conditions.optional(),
  each: steps.optional(),
  readings: z.array(readingSchema).optional(),
  blocks: z.array(blockSchema).optional(),
});

/** A profile as it stands in its file, checked for form. */
export type Profile = z.output<typeof profileSchema>;
export type ProfileMatch = z.output<typeof matchSchema>;
export type ProfileConditions = z.output<typeof conditions>;
export type ProfileCondition = z.output<typeof conditionSchema>;
export type ProfileVariable = z.output<typeof variableSchema> | string;
export type ProfileDevice = z.output<typeof deviceSchema>;
export type ProfileTime = z.output<typeof timeSchema>;
export type ProfileSteps = z.output<typeof steps>;
export type ProfileStep = z.output<typeof stepSchema>;
export type ProfileBlock = z.output<typeof blockSchema>;
export type ProfileReading = z.output<typeof readingSchema>;
export type ProfileTarget = z.output<typeof targetSchema>;
export type ProfileQuantityFrom = z.output<typeof quantityFromSchema>;
export type ProfileQuality = z.output<typeof qualitySchema>;

/** The grammar as JSON Schema (draft 2020-12) for editors and for checkers in other languages. */
export function profileJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(profileSchema, { io: 'input', unrepresentable: 'any', reused: 'ref' }),
    title: 'City Vitals device profile',
  };
}
