import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/**
 * What of two stores must be equal. `all`: every row with its sequence and its series number; both read the same journal.
 * `results`: what does not depend on the order in which messages came and on when that was; series go by their names.
 */
export type StoreView = 'all' | 'results';

const NAMED = 'SELECT s.device, s.quantity, s.channel, t.* EXCLUDE';

/**
 * `of` stands for the store. `newest` is left out: it is `readings` once more, saved now and then. A KPI value says how far
 * its readings had come when it was made, which is at the end of a tick, and ticks end elsewhere in another journal.
 */
const RESULTS: Readonly<Record<string, string>> = {
  series: 'SELECT * EXCLUDE (id) FROM of.series',
  devices: 'SELECT * EXCLUDE (first_seen_ms, last_received_ms) FROM of.devices',
  readings: `${NAMED} (series, sequence) FROM of.readings t JOIN of.series s ON s.id = t.series`,
  panes_quarter: `${NAMED} (series, written_at) FROM of.panes_quarter t JOIN of.series s ON s.id = t.series`,
  panes_hour: `${NAMED} (series, written_at) FROM of.panes_hour t JOIN of.series s ON s.id = t.series`,
  kpis: 'SELECT * EXCLUDE (written_at, watermark_ms) FROM of.kpis',
  quarantine: 'SELECT * EXCLUDE (sequence, received_at_ms) FROM of.quarantine',
};

/** Rows say which batch of a run wrote them; a run that was ended and started again counts its batches otherwise. */
const ALL: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['series', 'devices', 'readings', 'quarantine'].map((name) => [name, `FROM of.${name}`])),
  ...Object.fromEntries(
    ['panes_quarter', 'panes_hour', 'kpis'].map((name) => [name, `SELECT * EXCLUDE (written_at) FROM of.${name}`]),
  ),
  corrections: 'SELECT * EXCLUDE (written_at) FROM of.kpis WHERE revision > 0',
  position: 'SELECT position FROM of.meta',
};

const VIEWS: Readonly<Record<StoreView, Readonly<Record<string, string>>>> = { all: ALL, results: RESULTS };
const ROWS_SHOWN_MAX = 5;

export interface ComparedStores {
  /** Rows of the first one, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Rows that only one of them has, the first few of each table and side; empty when they are equal bit for bit. */
  readonly differences: readonly string[];
}

/** Compares the rows of two stores as sets, every column at full precision. Nobody else may have them open. */
export async function compareStores(expected: string, got: string, view: StoreView): Promise<ComparedStores> {
  return withStores({ expected, got }, async (connection) => {
    const rows: Record<string, number> = {};
    const differences: string[] = [];
    for (const [table, select] of Object.entries(VIEWS[view])) {
      // As text: doubles are printed so that they read back as the same bits, and NaN is equal to itself.
      const of = (store: string) => `SELECT COLUMNS(*)::VARCHAR FROM (${select.replaceAll('of.', `${store}.`)})`;
      rows[table] = Number((await rowsOf(connection, `SELECT count(*) FROM (${of('expected')})`))[0]![0]);
      for (const [one, other] of [
        ['expected', 'got'],
        ['got', 'expected'],
      ] as const) {
        const only = await rowsOf(connection, `${of(one)} EXCEPT ALL ${of(other)}`);
        for (const row of only.slice(0, ROWS_SHOWN_MAX)) differences.push(`${table}, only ${one}: ${row.join(' ')}`);
        if (only.length > ROWS_SHOWN_MAX) differences.push(`${table}, only ${one}: ${only.length} in all`);
      }
    }
    return { rows, differences };
  });
}

/** Position of the journal that a store includes. */
export function storedPosition(file: string): Promise<number> {
  return withStores({ one: file }, async (connection) =>
    Number((await rowsOf(connection, 'SELECT position FROM one.meta'))[0]![0]),
  );
}

async function withStores<Result>(
  files: Readonly<Record<string, string>>,
  work: (connection: DuckDBConnection) => Promise<Result>,
): Promise<Result> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    for (const [name, file] of Object.entries(files)) {
      await connection.run(`ATTACH '${file.replaceAll("'", "''")}' AS ${name} (READ_ONLY)`);
    }
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function rowsOf(connection: DuckDBConnection, sql: string): Promise<readonly unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRows();
}
