import { HOUR_MS } from '../../../src/base/index.ts';
import type { Config } from '../../../src/config/index.ts';
import type { ExplainedDevice, ExplainedZone, KpiInfo, KpiQuestion, SaidPart } from '../../../src/kpis/index.ts';
import type { KpiValue } from '../../../src/model/index.ts';
import type { WhyAnswer } from '../../../src/views/index.ts';

/** Devices of a fake value: enough of them for two pages. */
const DEVICES = 260;

/** How a fake value came about: late readings have corrected it once, and a changed fact after that. */
export function fakeWhy(config: Config, info: KpiInfo, question: KpiQuestion, now: KpiValue): WhyAnswer {
  const value = now.value ?? 0;
  const before = { ...now, value: value + 2, final: true };
  const late: KpiValue = { ...before, value: value + 1, revision: 1, reason: 'late' };
  const facts: KpiValue = { ...before, value: now.value, revision: 2, reason: 'facts' };
  const page = (rows: readonly ExplainedDevice[]) => rows.slice(question.offset, question.offset + question.limit);
  const used = Array.from({ length: DEVICES }, (_, at) =>
    deviceOf(at, value + at / 10, { used: true, weight: 1 / DEVICES, reason: '' }),
  );
  const leftOut = [
    deviceOf(900, 99, { used: false, weight: null, reason: 'too little that is valid: 12 of 24, 18 are needed' }),
    deviceOf(901, null, { used: false, weight: null, reason: 'no reading in the window' }),
  ];
  return {
    explanation: {
      ...{ kpi: info.id, scope: question.scope, window: info.window, startMs: now.startMs, endMs: now.endMs },
      value: now,
      whole: said(now.value),
      zones: config.zones.filter(({ parent }) => parent === undefined).map(({ id }, at) => zoneOf(id, value, at)),
      ...{ used: page(used), usedCount: used.length, leftOut: page(leftOut), leftOutCount: leftOut.length },
      facts: [
        {
          ...{ id: 'population', title: 'Inhabitants', unit: '{people}', value: 214_300, source: 'Municipal register' },
          ...{ quality: 'Based on accurate measurements', fromMs: Number.NEGATIVE_INFINITY },
        },
      ],
      days: daysOf(info, now),
    },
    revisions: [before, late, facts],
  };
}

function daysOf(info: KpiInfo, now: KpiValue): WhyAnswer['explanation']['days'] {
  if (!info.id.endsWith('-year')) return null;
  const list = Array.from({ length: 30 }, (_, day) => {
    return {
      startMs: now.endMs - (30 - day) * 24 * HOUR_MS,
      value: null,
      saidCount: 14,
      validCount: day % 7 === 0 ? 12 : 14,
    };
  });
  return {
    of: 'air-pm2-5-day',
    level: 'device',
    endedCount: 365,
    windowCount: 365,
    subjectCount: 14,
    subjectsListed: 14,
    list,
  };
}

function zoneOf(zone: string, value: number, at: number): ExplainedZone {
  const isUsed = at < 3;
  return {
    ...said(isUsed ? value : null),
    ...{ zone, own: false, population: 50_000, used: isUsed, weight: isUsed ? 1 / 3 : null },
    reason: isUsed ? '' : 'nothing can be said of it in this window',
  };
}

function deviceOf(
  at: number,
  value: number | null,
  use: Pick<ExplainedDevice, 'used' | 'weight' | 'reason'>,
): ExplainedDevice {
  const device = `aq-${String(at).padStart(4, '0')}`;
  return { ...said(value), device, zone: 'old-town', role: 'ambient', ...use };
}

function said(value: number | null): SaidPart {
  return {
    ...{
      value,
      valid: value !== null,
      validCount: value === null ? 0 : 24,
      expectedCount: 24,
      neededCount: 18,
      note: '',
    },
    ...{ numerator: null, denominator: null, amounts: {} },
  };
}
