import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isoTime } from '../../base/index.ts';
import { type ReportFormat, readReportFile } from '../reports/index.ts';
import type { RouteContext, TypedServer } from './context.ts';
import { ORDER_HEADER, REPORTS_PATH } from './order-guard.ts';
import { type Orders, orderAnswer, orderResponses } from './orders.ts';
import { limitUpTo, name } from './parameters.ts';
import { personOf } from './people.ts';
import { HttpProblem, unknownName } from './problems.ts';
import { errorSchema } from './schemas.ts';

const CONTENT_TYPES: Readonly<Record<ReportFormat, string>> = {
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

const reportSchema = z
  .object({
    name: z.string(),
    zone: z.string(),
    period: z.string(),
    format: z.enum(['html', 'csv']),
    bytes: z.number(),
    madeAt: z.string().describe('When the file was written'),
  })
  .meta({ id: 'Report' });

/** Reports of periods: ordering one, which there are, and the files. */
export function reportRoutes(app: TypedServer, context: RouteContext, orders: Orders, folder: string): void {
  app.post(
    '/reports',
    {
      schema: {
        summary: 'Makes a report of a local day, month or year of a zone, as HTML and CSV',
        description: `Needs the header ${ORDER_HEADER}, with any value. One of the same zone and period is replaced.`,
        tags: ['operations'],
        querystring: z.strictObject({
          zone: name.optional().describe('Zone id; the city when absent'),
          period: name.describe('2026-03-01, 2026-03 or 2026'),
        }),
        response: { ...orderResponses, 404: errorSchema },
      },
    },
    async (request, reply) => {
      const { city, zones } = context.sources.config;
      const { zone = city.id, period } = request.query;
      const known = [city.id, ...zones.map(({ id }) => id)];
      if (!known.includes(zone)) throw unknownName('zone', zone, known);
      const order = orders.report({ zone, period }, personOf(request));
      return reply.code(202).send(await orderAnswer(order));
    },
  );
  listRoute(app, folder);
  fileRoute(app, folder);
}

function listRoute(app: TypedServer, folder: string): void {
  app.get(
    '/reports',
    {
      schema: {
        summary: 'Reports that were made, by name',
        tags: ['operations'],
        querystring: z.strictObject({
          zone: name.optional(),
          after: name.optional().describe('The `next` of the page before'),
          limit: limitUpTo(1_000),
        }),
        response: { 200: z.object({ reports: z.array(reportSchema), next: z.string().nullable() }), 400: errorSchema },
      },
    },
    async ({ query: { zone, after = '', limit } }) => {
      const names = (await namesIn(folder))
        .filter((file) => file > after && (zone === undefined || readReportFile(file)?.zone === zone))
        .sort();
      const page = names.slice(0, limit);
      const reports = (await Promise.all(page.map((file) => reportOf(folder, file)))).flat();
      return { reports, next: names.length > limit ? page.at(-1)! : null };
    },
  );
}

function fileRoute(app: TypedServer, folder: string): void {
  app.get(
    '/reports/:name',
    {
      schema: {
        summary: 'A report',
        tags: ['operations'],
        params: z.object({ name: z.string() }),
        response: {
          200: {
            description: 'The file as it was made',
            content: { 'text/html': { schema: z.string() }, 'text/csv': { schema: z.string() } },
          },
          404: errorSchema,
        },
      },
    },
    async ({ params }, reply) => {
      const asked = readReportFile(params.name);
      const file = asked && (await openFile(join(folder, params.name)));
      if (asked === undefined || file === undefined) {
        const text = JSON.stringify(params.name.slice(0, NAME_CHARACTERS_MAX));
        throw new HttpProblem(404, 'unknown_report', `cannot find the report ${text}: GET ${REPORTS_PATH} lists them`);
      }
      const disposition = asked.format === 'csv' ? 'attachment' : 'inline';
      return reply
        .type(CONTENT_TYPES[asked.format])
        .header('content-disposition', `${disposition}; filename="${params.name}"`)
        .header('content-length', file.bytes)
        .send(file.handle.createReadStream() as never);
    },
  );
}

const NAME_CHARACTERS_MAX = 100;

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((file) => readReportFile(file) !== undefined);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Nothing for a file that went meanwhile. */
async function reportOf(folder: string, file: string): Promise<z.output<typeof reportSchema>[]> {
  try {
    const { size, mtimeMs } = await stat(join(folder, file));
    return [{ name: file, ...readReportFile(file)!, bytes: size, madeAt: isoTime(mtimeMs) }];
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Undefined for a file that is not there. A report that is made anew meanwhile takes nothing from one that is read. */
async function openFile(path: string): Promise<{ readonly handle: FileHandle; readonly bytes: number } | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    return { handle, bytes: (await handle.stat()).size };
  } catch (error) {
    await handle?.close();
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** A link (ELOOP) is no report, wherever it leads. */
function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ELOOP';
}
