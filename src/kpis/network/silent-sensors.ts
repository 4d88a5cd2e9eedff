import { DAY_MS } from '../../base/index.ts';
import { OUTAGE_QUANTITIES, QUANTITIES } from '../../model/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { SUM } from '../spatial-rules.ts';

/** Devices that reported within the 24 hours before the end of the hour, and are silent at its end (or now). */
export const silentSensors: KpiDefinition = {
  id: 'silent-sensors',
  code: '',
  title: 'Silent sensors',
  domain: 'network',
  unit: '1',
  unitLabel: 'devices',
  window: 'hour',
  direction: 'lower',
  decimals: 0,
  bands: [
    { name: 'none', upTo: 0, color: '#2e9e6b' },
    { name: 'some', upTo: Number.POSITIVE_INFINITY, color: '#e8923a' },
  ],
  scopes: ['zone', 'city'],
  method: 'number of devices without a message for longer than their time-out, of those heard in the last 24 hours',
  completeness: 'a device that was heard in the last 24 hours',
  source: 'operation of the network',
  // Nobody is silent for having no outage to tell of.
  quantities: [...QUANTITIES.keys()].filter((id) => !OUTAGE_QUANTITIES.some((outage) => outage === id)),
  spatial: SUM,
  reachHours: 23,
  looksAt: ['heard'],
  live: true,
  device: (device, window) => {
    if (device.facts.role === 'ignore') return null;
    const atMs = Math.min(window.endMs, window.nowMs);
    let heardMs = Number.NEGATIVE_INFINITY;
    let silentAfterMs = Number.POSITIVE_INFINITY;
    const sinceMs = window.endMs - DAY_MS;
    for (const series of device.series) {
      const newestMs = series.heardMs(sinceMs, window.endMs);
      if (newestMs === Number.NEGATIVE_INFINITY) continue;
      heardMs = Math.max(heardMs, newestMs);
      silentAfterMs = Math.min(silentAfterMs, series.silentAfterMs);
    }
    if (heardMs === Number.NEGATIVE_INFINITY) return null;
    const silent = atMs - heardMs > silentAfterMs;
    const untilMs = silent || atMs === window.endMs ? Number.POSITIVE_INFINITY : heardMs + silentAfterMs;
    if (silent) return { value: 1, validCount: 0, expectedCount: 1, valid: true, note: '', untilMs };
    // A series heard for the first time may bring a shorter time-out.
    return { value: 0, validCount: 1, expectedCount: 1, valid: true, note: '', untilMs, prolongedSinceMs: sinceMs };
  },
};
