import type { KpiValue } from '../model/index.ts';
import { kpiBodies } from './bodies.ts';
import { isZoneValue, kpiKey, supersedes } from './newest.ts';
import type { ViewSources } from './views.ts';

/** Hands one retained publish to the broker; must not block. */
export type PublishTopic = (topic: string, payload: Uint8Array, options: { readonly retain: boolean }) => void;

/** What the topics are made of. */
export interface KpiTopicSources extends Pick<ViewSources, 'onUpdate' | 'kpis' | 'facts'> {
  readonly store: Pick<ViewSources['store'], 'latestKpis'>;
}

/** Topic of a KPI value of a zone or of the city: `kpi/{zone}/{kpi}/{window}`. */
export function kpiTopic(value: Pick<KpiValue, 'kpi' | 'zone' | 'window'>): string {
  return `kpi/${value.zone}/${value.kpi}/${value.window}`;
}

/**
 * Keeps the retained KPI topics of zones and city level with the newest values: first all that the store holds, then
 * every change. A watermark that moves on its own is no change, and neither is a new revision of an older window.
 *
 * @returns stops publishing; the retained values stay where they are
 */
export function publishKpiTopics(sources: KpiTopicSources, publish: PublishTopic): () => void {
  const held = new Map<string, KpiValue>();
  const encoder = new TextEncoder();
  const bodyOf = kpiBodies(sources);
  let stopped = false;

  function offer(value: KpiValue): void {
    if (stopped || !isZoneValue(value)) return;
    const key = kpiKey(value);
    const before = held.get(key);
    if (!supersedes(value, before) || (before !== undefined && sameContent(before, value))) return;
    held.set(key, value);
    publish(kpiTopic(value), encoder.encode(JSON.stringify(bodyOf(value))), { retain: true });
  }

  const unsubscribe = sources.onUpdate((update) => {
    for (const value of update.kpis) offer(value);
  });
  // A store that cannot be read now is a problem that readiness reports; the topics then start with the next change.
  sources.store.latestKpis().then(
    (values) => {
      for (const value of values) offer(value);
    },
    () => undefined,
  );
  return () => {
    stopped = true;
    unsubscribe();
  };
}

function sameContent(a: KpiValue, b: KpiValue): boolean {
  return JSON.stringify({ ...a, watermarkMs: 0 }) === JSON.stringify({ ...b, watermarkMs: 0 });
}
