import { beforeEach, describe, expect, it } from 'vitest';
import type { Lease, LeaseHolder, Leases } from '../../../../src/jobs/index.ts';
import { createLogger } from '../../../../src/telemetry/index.ts';
import { KpiTopics } from '../../../../src/workers/cluster/kpi-topics.ts';
import { createFakeSources, newestValue } from '../../../e2e/support/fake-sources.ts';

describe('KpiTopics', () => {
  const sources = createFakeSources();
  let published: { readonly topic: string; readonly value: number | null }[];
  let isOpen: boolean;
  let holder: LeaseHolder | undefined;
  let topics: KpiTopics;
  beforeEach(() => {
    [published, isOpen, holder] = [[], false, undefined];
    const leases = {
      run: (_names: readonly string[], joined: LeaseHolder) => {
        holder = joined;
      },
      close: async () => {},
    };
    const publisher = {
      open: () => {
        isOpen = true;
      },
      publish: (topic: string, payload: Uint8Array) => {
        published.push({ topic, value: JSON.parse(new TextDecoder().decode(payload)).value });
      },
      stats: () => ({ isConnected: isOpen, dropped: 0 }),
      close: async () => {
        isOpen = false;
      },
    };
    const log = createLogger({ level: 'silent', pretty: false });
    topics = new KpiTopics({ leases: leases as unknown as Leases, sources, publisher, log });
  });

  function leaseOf() {
    const abort = new AbortController();
    const lease: Lease = { name: 'publisher', number: 1, lost: abort.signal, release: () => {} };
    return { lease, lose: () => abort.abort() };
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const push = (value: number, revision: number) =>
    sources.push({ kpis: [newestValue('air-no2-hour', 'harbour', { value, revision })] });
  const ofHarbour = () => published.filter(({ topic }) => topic === 'kpi/harbour/air-no2-hour/hour');

  it('takes part once it is level, publishes once it is level again, and all that it has', async () => {
    push(41, 7);
    expect(holder).toBeUndefined();
    topics.level();
    holder!.take(leaseOf().lease);
    push(42, 8);
    await settled();
    expect([isOpen, published]).toEqual([true, []]);
    expect(topics.standing()).toEqual({ isPublisher: true, isConnected: true, dropped: 0 });
    topics.level();
    await settled();
    // The store has an older one: the newest stands last.
    expect(ofHarbour().at(-1)).toMatchObject({ value: 42 });
    expect(new Set(published.map(({ topic }) => topic)).size).toBe((await sources.store.latestKpis()).length);
    push(43, 9);
    topics.level();
    expect(ofHarbour().at(-1)).toMatchObject({ value: 43 });
    await topics.close();
  });

  it('publishes nothing any more once the lease is lost or to be given back, and again with the next one', async () => {
    topics.level();
    const first = leaseOf();
    holder!.take(first.lease);
    topics.level();
    await settled();
    first.lose();
    await settled();
    expect([isOpen, topics.standing().isPublisher]).toEqual([false, false]);
    published = [];
    push(44, 10);
    topics.level();
    expect(published).toEqual([]);
    const second = leaseOf();
    holder!.take(second.lease);
    topics.level();
    await settled();
    expect(ofHarbour().at(-1)).toMatchObject({ value: 44 });
    await holder!.drain(second.lease);
    published = [];
    push(45, 11);
    topics.level();
    expect([isOpen, published]).toEqual([false, []]);
    second.lose();
    await topics.close();
    expect(sources.listenerCount()).toBe(0);
  });
});
