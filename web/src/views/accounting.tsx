import { link } from '../data/route.ts';
import type { State } from '../data/state.ts';
import { formatNumber, formatPercent, formatTime, words } from '../format.ts';
import { type Column, Table } from '../parts/table.tsx';
import type { Accounting } from '../types.ts';

/** Where every message and every reading went, and how far each part of the product is. */
export function AccountingView({ state }: { state: State }) {
  const { accounting } = state;
  return (
    <>
      <div class="heading">
        <h1>Accounting</h1>
        {accounting === undefined ? null : (
          <p class="facts">
            <span>up to journal record {formatNumber(accounting.sequence)}</span>
            <span>{formatTime(accounting.at, 'full')}</span>
          </p>
        )}
      </div>
      {accounting === undefined ? (
        <p class="empty">Loading …</p>
      ) : (
        <Panels accounting={accounting} rates={state.rates} />
      )}
    </>
  );
}

function Panels({ accounting, rates }: { accounting: Accounting; rates: readonly number[] }) {
  const { messages, readings, balanced, rejects } = accounting;
  return (
    <div class="columns">
      <Balance
        id="messages"
        title="Messages"
        received={messages.received}
        isBalanced={balanced.messages}
        parts={[
          { name: 'decoded', count: messages.decoded, meaning: 'gave at least one reading', tone: 'part-1' },
          { name: 'ignored', count: messages.ignored, meaning: 'known topic without readings', tone: 'part-2' },
          {
            name: 'quarantined',
            count: messages.quarantined,
            meaning: 'refused, kept with the reason',
            tone: 'part-5',
          },
        ]}
      />
      <Balance
        id="readings"
        title="Readings"
        received={readings.received}
        isBalanced={balanced.readings}
        parts={[
          { name: 'counted', count: readings.counted, meaning: 'in a live window', tone: 'part-1' },
          { name: 'invalid', count: readings.invalid, meaning: 'delivered as bad; lower the coverage', tone: 'part-2' },
          { name: 'duplicate', count: readings.duplicate, meaning: 'the same reading again', tone: 'part-3' },
          {
            name: 'late-filed',
            count: readings.lateFiled,
            meaning: 'older than the horizon; filed in the store',
            tone: 'part-4',
          },
          {
            name: 'quarantined',
            count: readings.quarantined,
            meaning: 'refused, kept with the reason',
            tone: 'part-5',
          },
        ]}
      />
      <Rejects rejects={rejects} />
      <Pipeline accounting={accounting} rates={rates} />
    </div>
  );
}

interface Part {
  readonly name: string;
  readonly count: number;
  readonly meaning: string;
  readonly tone: string;
}

interface BalanceProps {
  readonly id: string;
  readonly title: string;
  readonly received: number;
  readonly isBalanced: boolean;
  readonly parts: readonly Part[];
}

function Balance({ id, title, received, isBalanced, parts }: BalanceProps) {
  const placed = parts.reduce((sum, part) => sum + part.count, 0);
  const columns: Column<Part>[] = [
    {
      id: 'part',
      title: 'Became',
      cell: (part) => (
        <span class="part-name">
          <svg class={`swatch ${part.tone}`} viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
            <rect width="10" height="10" rx="2" />
          </svg>
          <span>
            {part.name}
            <small class="under">{part.meaning}</small>
          </span>
        </span>
      ),
    },
    { id: 'count', title: 'Count', isNumber: true, cell: (part) => formatNumber(part.count) },
    { id: 'share', title: 'Share', isNumber: true, cell: (part) => share(part.count, received) },
  ];
  return (
    <section class="panel" aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>
          {title} <small>{formatNumber(received)} received</small>
        </h2>
        <span class={isBalanced ? 'balance good' : 'balance bad'}>
          {isBalanced ? 'balanced' : `not balanced: ${formatNumber(received - placed)} unaccounted`}
        </span>
      </div>
      <StackedBar parts={parts} total={placed} />
      <Table
        caption={`What became of ${title.toLowerCase()}`}
        columns={columns}
        rows={parts}
        keyOf={(part) => part.name}
      />
      <p class="hint">
        {formatNumber(received)} {isBalanced ? '=' : '≠'} {parts.map((part) => formatNumber(part.count)).join(' + ')}
      </p>
    </section>
  );
}

function StackedBar({ parts, total }: { parts: readonly Part[]; total: number }) {
  let x = 0;
  return (
    <svg class="stack" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      {parts.map((part) => {
        const width = total === 0 ? 0 : (part.count / total) * 100;
        const at = x;
        x += width;
        return <rect key={part.name} class={part.tone} x={at} width={width} height="10" />;
      })}
    </svg>
  );
}

/** Rare parts are the interesting ones: they are not rounded down to nothing. */
function share(count: number, total: number): string {
  if (total === 0 || count === 0) return '–';
  const ratio = count / total;
  return ratio < 0.01 ? `${formatNumber(ratio * 100, 2)} %` : formatPercent(ratio);
}

function Rejects({ rejects }: { rejects: Accounting['rejects'] }) {
  const rows = Object.entries(rejects)
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count);
  const columns: Column<(typeof rows)[number]>[] = [
    {
      id: 'reason',
      title: 'Reason',
      cell: ({ reason }) => <a href={link('quarantine', [], { reason })}>{words(reason)}</a>,
    },
    { id: 'count', title: 'Messages and readings', isNumber: true, cell: ({ count }) => formatNumber(count) },
  ];
  return (
    <section class="panel" aria-labelledby="rejects">
      <h2 id="rejects">Quarantined, by reason</h2>
      <Table
        caption="Quarantined messages and readings by reason"
        columns={columns}
        rows={rows}
        keyOf={({ reason }) => reason}
        empty="Nothing was refused."
      />
    </section>
  );
}

function Pipeline({ accounting, rates }: { accounting: Accounting; rates: readonly number[] }) {
  const { durableSequence, engineSequence, storeSequence, engineLagSeconds } = accounting.progress;
  const rows = [
    { name: 'Journal', meaning: 'on disk, acknowledged', sequence: durableSequence, behind: 0 },
    {
      name: 'Engine',
      meaning: `level ${formatNumber(engineLagSeconds, 1)} s ago`,
      sequence: engineSequence,
      behind: durableSequence - engineSequence,
    },
    { name: 'Store', meaning: 'can be asked for', sequence: storeSequence, behind: durableSequence - storeSequence },
  ];
  const columns: Column<(typeof rows)[number]>[] = [
    {
      id: 'name',
      title: 'Part',
      cell: (row) => (
        <>
          {row.name}
          <small class="under">{row.meaning}</small>
        </>
      ),
    },
    { id: 'sequence', title: 'Record', isNumber: true, cell: (row) => formatNumber(row.sequence) },
    { id: 'behind', title: 'Behind', isNumber: true, cell: (row) => formatNumber(Math.max(0, row.behind)) },
  ];
  return (
    <section class="panel" aria-labelledby="pipeline">
      <div class="panel-head">
        <h2 id="pipeline">Ingest</h2>
        <span class="rate">
          {formatNumber(accounting.rates.messagesPerSecond, 1)} <small>messages/s</small>{' '}
          {formatNumber(accounting.rates.readingsPerSecond, 1)} <small>readings/s</small>
        </span>
      </div>
      <RateLine rates={rates} />
      <Table caption="How far each part is" columns={columns} rows={rows} keyOf={(row) => row.name} />
    </section>
  );
}

/** Messages per second since the page was opened, at most three minutes. */
function RateLine({ rates }: { rates: readonly number[] }) {
  const most = Math.max(1, ...rates);
  const step = 240 / Math.max(1, rates.length - 1);
  const points = rates
    .map((rate, index) => `${(index * step).toFixed(1)},${(42 - (rate / most) * 38).toFixed(1)}`)
    .join(' ');
  return (
    <svg class="spark" viewBox="0 0 240 44" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points} />
    </svg>
  );
}
