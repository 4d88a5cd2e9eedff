import type { BrokerStats, PostStats } from '../broker/index.ts';
import type { Config } from '../config/index.ts';
import type { JobCount } from '../jobs/index.ts';
import type { JournalStats } from '../journal/index.ts';
import type { Explanation, KpiInfo, KpiQuestion, U4sscKpi, u4sscOverview } from '../kpis/index.ts';
import type { Accounting, FactsInForce, KpiValue, RevisedValue, Series } from '../model/index.ts';
import type { DeviceRow, MirrorStanding, Store } from '../store/index.ts';
import type { aggregateNeed, aggregatePanes, aggregateReadings, PaneRule, WindowEvent } from '../windows/index.ts';
import type { ClusterStanding } from './cluster.ts';

/** What changed in one engine tick; goes to the stream and to KPI topics. */
export interface LiveUpdate {
  /** Journal sequence that the update includes; the id of the stream's event. */
  readonly sequence: number;
  /** Wall clock, ms UTC. */
  readonly atMs: number;
  readonly kpis: readonly RevisedValue[];
  readonly devices: readonly DeviceRow[];
  readonly accounting: Accounting;
}

export type WindowEventKind = WindowEvent['kind'];

/** How the engine stands, as of its last tick. */
export interface EngineStanding {
  /** Event-time now, ms UTC; -Infinity before the first reading. */
  readonly nowMs: number;
  /** What became of late-filed readings: still to be rebuilt, rebuilt, said before, older than the store keeps whole. */
  readonly late: {
    readonly waiting: number;
    readonly rebuilt: number;
    readonly repeated: number;
    readonly tooOld: number;
    /** That found no place in the queue. */
    readonly noPlace: number;
  };
  /**
   * Changes of supply that outages are told from: remembered, older than what is remembered when they came, left out for
   * want of room, and repetitions given up for room.
   */
  readonly outages: {
    readonly changes: number;
    readonly tooOld: number;
    readonly noPlace: number;
    readonly repeatsLeft: number;
  };
  /** Events of windows so far: hours that closed empty, series that fell silent or were heard again, final hours revised. */
  readonly events: Readonly<Record<WindowEventKind, number>>;
}

/** How a store beside the embedded one stands, and what it is still to be told. */
export interface MirrorBacklog extends MirrorStanding {
  /** Records of the journal, and their bytes by the mean of those that are kept. */
  readonly backlogRecords: number;
  readonly backlogBytes: number;
  /** Since it had everything, ms; 0 when it has. */
  readonly backlogAgeMs: number;
}

/** How far each consumer of the journal is. */
export interface Progress {
  readonly durableSequence: number;
  readonly engineSequence: number;
  readonly storeSequence: number;
  /** ms since the engine last caught up with the journal; 0 when it is level. */
  readonly engineLagMs: number;
}

/** How a value came about, and what was said of its window so far, by revision. */
export interface WhyAnswer {
  readonly explanation: Explanation;
  readonly revisions: readonly KpiValue[];
}

/** All that views may look at. They read only; the one thing they give back is nothing. */
export interface ViewSources {
  readonly config: Config;
  readonly version: string;
  readonly store: Pick<
    Store,
    'series' | 'devices' | 'readings' | 'panes' | 'latest' | 'kpis' | 'latestKpis' | 'quarantine' | 'stats'
  >;
  readonly kpis: readonly KpiInfo[];
  /** The KPIs of U4SSC, and how the city stands to them. */
  readonly u4ssc: { readonly kpis: readonly U4sscKpi[]; readonly overview: typeof u4sscOverview };
  /** Facts of a zone in force at an instant, ms UTC; those of the city for what is no zone. */
  facts(zone: string, atMs: number): FactsInForce;
  /** The arithmetic of windows over stored panes and readings. */
  readonly windows: {
    readonly aggregateNeed: typeof aggregateNeed;
    readonly aggregatePanes: typeof aggregatePanes;
    readonly aggregateReadings: typeof aggregateReadings;
    /** How the engine makes the panes of a stored series. */
    readonly paneRuleOf: (series: Series) => PaneRule;
  };
  /**
   * Takes a KPI value apart; undefined where there is nothing yet.
   *
   * @throws OperatingError when the engine is too busy to answer now
   */
  why(question: KpiQuestion): Promise<WhyAnswer | undefined>;
  accounting(): Accounting;
  progress(): Progress;
  engineStanding(): EngineStanding;
  brokerStats(): BrokerStats;
  /** Of posts over HTTP; undefined where they are not taken. */
  postStats(): PostStats | undefined;
  journalStats(): JournalStats;
  /** Of the stores beside the embedded one. */
  mirrors(): readonly MirrorBacklog[];
  /** Rows of quarantine that went since the start because there were too many or they were too old. */
  quarantineDropped(): number;
  /** How the city stands where it is spread over processes; undefined where one process serves it. */
  cluster(): ClusterStanding | undefined;
  /** How many jobs there are, by kind and state. */
  jobCounts(): Promise<readonly JobCount[]>;
  /** Rates over the last seconds: messages in, readings counted, per second. */
  rates(): { readonly messagesPerS: number; readonly readingsPerS: number };
  /** Empty when all is well; otherwise one sentence for each thing that is not. */
  problems(): readonly string[];
  /** Calls for every tick until the returned function is called. Listeners must not block. */
  onUpdate(listener: (update: LiveUpdate) => void): () => void;
}
