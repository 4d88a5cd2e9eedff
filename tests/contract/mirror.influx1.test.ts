import { INFLUXD, openInfluxd } from '../../harness/index.ts';
import { DAY_MS } from '../../src/base/index.ts';
import { createInflux1Mirror } from '../../src/store/influx1/index.ts';
import { mirrorContract } from './mirror.contract.ts';

const FOR_EVER = Number.POSITIVE_INFINITY;

mirrorContract('influx1 on InfluxDB 1.x', INFLUXD !== undefined, {
  openServer: openInfluxd,
  open: (url) =>
    createInflux1Mirror({
      ...{ url, database: 'town', timeoutMs: 5_000 },
      keepMs: { raw: 4_000 * DAY_MS, quarter: FOR_EVER, hour: FOR_EVER, kpi: FOR_EVER },
    }),
  read: (mirror, _server, query) => mirror.points(query),
  replaces: true,
  partialAnswer: (refused) => ({
    status: 400,
    body: JSON.stringify({ error: `partial write: field type conflict: input field "value" dropped=${refused}` }),
  }),
});
