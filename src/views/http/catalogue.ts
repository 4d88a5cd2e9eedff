import * as z from 'zod';
import { isoTime } from '../../base/index.ts';
import { type FactEntry, factValueAt } from '../../config/index.ts';
import { QUANTITIES, type Series } from '../../model/index.ts';
import { deviceBody, qualityName, seriesBody } from '../bodies.ts';
import { factsNowMs, type RouteContext, type TypedServer } from './context.ts';
import { limitUpTo, name, quantityId, wholeNumber } from './parameters.ts';
import { unknownName } from './problems.ts';
import { deviceSchema, errorSchema, quantitySchema, type SeriesBody, seriesSchema, zonesSchema } from './schemas.ts';

const PAGE_MAX = 10_000;

/** Routes that say what there is: devices, series, zones, quantities. */
export function catalogueRoutes(app: TypedServer, context: RouteContext): void {
  deviceRoute(app, context);
  seriesRoute(app, context);
  zoneRoute(app, context);
  app.get(
    '/quantities',
    {
      schema: {
        summary: 'Everything that can be measured',
        tags: ['catalogue'],
        querystring: z.strictObject({}),
        response: { 200: z.object({ quantities: z.array(quantitySchema) }), 400: errorSchema },
      },
    },
    async () => ({
      quantities: [...QUANTITIES.values()].map(({ id, title, domain, kind, unit }) => ({
        id,
        title,
        domain,
        kind,
        unit,
      })),
    }),
  );
}

function deviceRoute(app: TypedServer, { latest, placementOf }: RouteContext): void {
  app.get(
    '/devices',
    {
      schema: {
        summary: 'Devices that were heard of, by id',
        tags: ['catalogue'],
        querystring: z.strictObject({
          device: name.optional().describe('Only this one'),
          after: name.optional().describe('Go on behind this device: `next` of the page before'),
          limit: limitUpTo(PAGE_MAX),
        }),
        response: {
          200: z.object({ devices: z.array(deviceSchema), next: z.string().nullable() }),
          400: errorSchema,
          404: errorSchema,
        },
      },
    },
    async ({ query }) => {
      const all = await latest.devices();
      const { device, after } = query;
      const rows = all.filter(
        (row) => (device === undefined || row.device === device) && (after === undefined || row.device > after),
      );
      if (device !== undefined && rows.length === 0 && after === undefined) {
        throw unknownName(
          'device',
          device,
          all.map((row) => row.device),
        );
      }
      const page = rows.slice(0, query.limit);
      return {
        devices: page.map((row) => deviceBody(row, placementOf(row.device))),
        next: page.length < rows.length ? (page.at(-1)?.device ?? null) : null,
      };
    },
  );
}

function seriesRoute(app: TypedServer, context: RouteContext): void {
  app.get(
    '/series',
    {
      schema: {
        summary: 'Series (device, quantity, channel), by id',
        tags: ['catalogue'],
        querystring: z.strictObject({
          device: name.optional(),
          quantity: quantityId.optional(),
          channel: name.optional(),
          latest: z.enum(['true', 'false']).optional().describe('With the newest reading that counts'),
          after: wholeNumber.optional().describe('Go on behind this id: `next` of the page before'),
          limit: limitUpTo(PAGE_MAX),
        }),
        response: {
          200: z.object({ series: z.array(seriesSchema), next: z.string().nullable() }),
          400: errorSchema,
          404: errorSchema,
        },
      },
    },
    async ({ query }) => {
      const { device, quantity, channel, after = -1 } = query;
      const found = await context.sources.store.series({
        ...(device === undefined ? {} : { device }),
        ...(quantity === undefined ? {} : { quantity }),
        ...(channel === undefined ? {} : { channel }),
      });
      if (found.length === 0 && device !== undefined) await checkDevice(context, device);
      const rows = found.filter((series) => series.id > after).sort((a, b) => a.id - b.id);
      const page = rows.slice(0, query.limit);
      return {
        series: query.latest === 'true' ? await withLatest(context, page) : page.map(seriesBody),
        next: page.length < rows.length ? String(page.at(-1)?.id ?? '') : null,
      };
    },
  );
}

/** @throws HttpProblem 404 when nobody has heard of the device */
export async function checkDevice({ latest }: RouteContext, device: string): Promise<void> {
  const known = (await latest.devices()).map((row) => row.device);
  if (!known.includes(device)) throw unknownName('device', device, known);
}

async function withLatest({ sources }: RouteContext, page: readonly Series[]): Promise<SeriesBody[]> {
  // An empty list would ask the store for every series.
  if (page.length === 0) return [];
  const newest = new Map(
    (await sources.store.latest(page.map(({ id }) => id))).map((reading) => [reading.series, reading]),
  );
  return page.map((series) => {
    const reading = newest.get(series.id);
    if (reading === undefined) return { ...seriesBody(series), latest: null };
    const { timeMs, value, quality } = reading;
    const latest = {
      time: isoTime(timeMs),
      value: Number.isFinite(value) ? value : null,
      quality: qualityName(quality),
    };
    return { ...seriesBody(series), latest };
  });
}

function zoneRoute(app: TypedServer, context: RouteContext): void {
  const { sources } = context;
  const { city, zones } = sources.config;
  app.get(
    '/zones',
    {
      schema: {
        summary: 'The city and its zones',
        tags: ['catalogue'],
        querystring: z.strictObject({}),
        response: { 200: zonesSchema, 400: errorSchema },
      },
    },
    async () => {
      const atMs = factsNowMs(context);
      const people = (entry: FactEntry) => factValueAt(entry, city.timeZone, atMs);
      return {
        city: {
          id: city.id,
          name: city.name,
          timeZone: city.timeZone,
          population: city.population === undefined ? null : people(city.population),
        },
        zones: zones.map(({ id, name: title, parent, population, areaKm2 }) => ({
          id,
          name: title,
          parent: parent ?? null,
          population: people(population) ?? 0,
          areaKm2: areaKm2 ?? null,
        })),
        version: sources.version,
      };
    },
  );
}
