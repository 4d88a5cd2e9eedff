import { useRef, useState } from 'preact/hooks';
import { api } from '../data/api.ts';
import {
  ageMsOf,
  enginesOf,
  fairShare,
  findingsOf,
  inOrder,
  isBehind,
  isCutOld,
  type Look,
  memoryRatio,
  memoryTone,
  nextLook,
  rateOf,
} from '../data/cluster.ts';
import { formatAge, formatBytes, formatNumber, formatPercent, formatTime } from '../format.ts';
import { EngineTable, PartitionTable, ReplicaTable } from '../parts/cluster-tables.tsx';
import { Pager } from '../parts/table.tsx';
import { Bar } from '../parts/values.tsx';
import { usePolled } from './use-polled.ts';

const LOOK_EVERY_MS = 2_000;
/** Where one process serves the city that does not change while it runs. */
const QUIET_MS = 60_000;
const PAGE = 64;

/** How the processes stand that a city is spread over: who owns which partition, and how far each is. */
export function ClusterView() {
  const before = useRef<Look | undefined>(undefined);
  const load = async () => {
    const { cluster } = await api.cluster();
    before.current = cluster === null ? undefined : nextLook(before.current, cluster);
    return before.current ?? null;
  };
  const { data, error, isLoading } = usePolled('cluster', load, (look) => (look === null ? QUIET_MS : LOOK_EVERY_MS));
  return (
    <>
      <div class="heading">
        <h1>Cluster</h1>
        {data ? <Facts look={data} /> : null}
      </div>
      {error === undefined ? null : <p class="failed">{error}</p>}
      {data === undefined ? <p class="muted">{isLoading ? 'Loading …' : ''}</p> : null}
      {data === null ? <p class="empty">One process serves this city: it is all on one machine.</p> : null}
      {data ? <Standing look={data} /> : null}
    </>
  );
}

function Facts({ look: { cluster } }: { look: Look }) {
  return (
    <p class="facts">
      <span>
        seen by <code>{cluster.node}</code> ({cluster.roles.join(', ')})
      </span>
      <span>{formatTime(cluster.at, 'full')}</span>
    </p>
  );
}

function Standing({ look }: { look: Look }) {
  const isSeen = look.partitions.length > 0;
  return (
    <>
      <Verdict look={look} isSeen={isSeen} />
      {isSeen ? (
        <>
          <Summary look={look} />
          <Engines look={look} />
          <div class="columns">
            <Readers look={look} />
            <Memory look={look} />
          </div>
          <Partitions look={look} />
        </>
      ) : null}
    </>
  );
}

const SIGNS = { good: 'M1.5 6.5l3 3 6-7', warn: 'M6 1.5v5M6 9.8v.4', bad: 'M2 2l8 8M10 2l-8 8' } as const;

/** All in one sentence, or a sentence for each thing that is not well. */
function Verdict({ look, isSeen }: { look: Look; isSeen: boolean }) {
  const findings = findingsOf(look);
  const tone = findings[0]?.tone ?? 'good';
  if (findings.length === 0 && !isSeen) {
    return (
      <p role="status" class="muted">
        The journal in Redis has not been looked at yet.
      </p>
    );
  }
  return (
    <div role="status" class={`verdict ${tone}`}>
      <p class="verdict-word">
        <svg viewBox="0 0 12 12" width="14" height="14" aria-hidden="true">
          <path d={SIGNS[tone]} />
        </svg>
        {tone === 'good' ? 'All is well' : 'Not well'}
      </p>
      {findings.length === 0 ? (
        <p>Every partition has an owner and is decoded as its messages come.</p>
      ) : (
        <ul>
          {findings.map(({ text }) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Summary({ look }: { look: Look }) {
  const { cluster, partitions } = look;
  const owned = partitions.filter(({ owner }) => owner !== null).length;
  const lags = partitions.map(({ lag }) => lag);
  const cutAgeMs = ageMsOf(cluster, cluster.cut.at);
  const ratio = memoryRatio(cluster);
  return (
    <dl class="summary">
      <Cell title="Partitions owned" isAlarm={owned < partitions.length}>
        {formatNumber(owned)}
        <small> of {formatNumber(partitions.length)}</small>
      </Cell>
      <Cell title="Engines" isAlarm={owned === 0}>
        {formatNumber(enginesOf(look).length)}
      </Cell>
      <Cell title="Messages in">
        {formatNumber(rateOf(partitions))}
        <small> a second</small>
      </Cell>
      <Cell title="Largest lag" isAlarm={partitions.some(isBehind)}>
        {formatNumber(Math.max(...lags))}
        <small> messages</small>
      </Cell>
      <Cell title="Newest cut" isAlarm={isCutOld(look)}>
        {cutAgeMs === null ? 'none' : formatAge(cutAgeMs)}
        {cutAgeMs === null ? null : <small> old</small>}
      </Cell>
      <Cell title="Memory of Redis" isAlarm={memoryTone(cluster) !== 'good'}>
        {ratio === null ? formatBytes(cluster.memory.usedBytes) : formatPercent(ratio)}
      </Cell>
    </dl>
  );
}

interface CellProps {
  readonly title: string;
  readonly isAlarm?: boolean;
  readonly children: preact.ComponentChildren;
}

function Cell({ title, isAlarm = false, children }: CellProps) {
  return (
    <div class={isAlarm ? 'alarm' : undefined}>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Engines({ look }: { look: Look }) {
  const engines = enginesOf(look);
  const count = look.partitions.length;
  return (
    <section class="cluster-part" aria-labelledby="engines">
      <div class="panel-head">
        <h2 id="engines">Engines</h2>
        {engines.length === 0 ? null : (
          <p class="facts">
            <span>fair share: {fairShare(count, engines.length)} partitions each</span>
          </p>
        )}
      </div>
      <EngineTable engines={engines} />
    </section>
  );
}

function Readers({ look: { cluster } }: { look: Look }) {
  return (
    <section class="panel" aria-labelledby="readers">
      <h2 id="readers">Readers of the whole</h2>
      <ReplicaTable cluster={cluster} />
      <p class="hint">
        Each makes all values by itself. Behind is what it may still need, after a restart for example: Redis keeps it.
      </p>
    </section>
  );
}

function Memory({ look: { cluster } }: { look: Look }) {
  const { usedBytes, maxBytes } = cluster.memory;
  const ratio = memoryRatio(cluster);
  return (
    <section class="panel" aria-labelledby="memory">
      <div class="panel-head">
        <h2 id="memory">Memory of Redis</h2>
        <span>
          {formatBytes(usedBytes)}
          {maxBytes === null ? ' used' : ` of ${formatBytes(maxBytes)}`}
        </span>
      </div>
      {ratio === null ? null : (
        <div class="memory">
          <Bar ratio={ratio} tone={memoryTone(cluster)} />
        </div>
      )}
      <p class="hint">
        {ratio === null
          ? 'Redis has no bound (maxmemory): it grows until its machine has no more.'
          : 'Of several servers the fullest one. What all readers have is deleted by and by.'}
      </p>
    </section>
  );
}

function Partitions({ look }: { look: Look }) {
  const [page, setPage] = useState(0);
  const { cut } = look.cluster;
  const rows = inOrder(look.partitions);
  const first = Math.min(page, Math.ceil(rows.length / PAGE) - 1) * PAGE;
  return (
    <section class="cluster-part" aria-labelledby="partitions">
      <div class="panel-head">
        <h2 id="partitions">Partitions</h2>
        <p class="facts">
          <span>
            cut {formatNumber(cut.number)}, up to journal record {formatNumber(cut.position)}
          </span>
        </p>
      </div>
      <PartitionTable partitions={rows.slice(first, first + PAGE)} />
      {rows.length > PAGE ? (
        <Pager
          first={first + 1}
          last={Math.min(first + PAGE, rows.length)}
          total={rows.length}
          onMove={(step) => setPage(first / PAGE + step)}
        />
      ) : null}
      <p class="hint">
        Messages are spread over partitions by their topic. Lag is what is not decoded yet; a cut ends a cycle of all
        partitions, and engines decode up to the newest one.
      </p>
    </section>
  );
}
