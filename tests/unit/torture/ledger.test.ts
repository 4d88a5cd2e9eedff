import { describe, expect, it } from 'vitest';
import { Ledger, seriesName } from '../../../torture/ledger.ts';
import { messageOf, numberOf, type Plan } from '../../../torture/messages.ts';

const PLAN: Plan = { publisherCount: 2, fromMs: 1_767_571_200_000, stepMs: 30_000 };
const MALFORMED = 41;
const UNKNOWN_TOPIC = 43;
const UNKNOWN_UNIT = 47;
const CONTRADICTS = 106;

function ledgerOf(...numbers: number[]): Ledger {
  const ledger = new Ledger(PLAN);
  for (const number of numbers) {
    const { topic, payload } = messageOf(PLAN, 1, number);
    ledger.take(topic, payload);
  }
  return ledger;
}

describe('the bookkeeping of a round', () => {
  it('counts each reading of a message once, and what comes again as duplicate', () => {
    const ledger = ledgerOf(0, 1, 0);
    expect(ledger.expected()).toEqual({
      messages: { received: 3, decoded: 3, quarantined: 0 },
      readings: { received: 9, counted: 6, duplicate: 3, quarantined: 0 },
    });
    expect(ledger.has(1, 0)).toBe(true);
    expect(ledger.has(1, 2)).toBe(false);
    expect(ledger.has(0, 0)).toBe(false);
    expect(ledger.series.get(seriesName('torture:z1-p1-0', 'pm2_5'))).toEqual(new Map([[PLAN.fromMs, 5]]));
  });

  it('quarantines broken messages each time that they come', () => {
    expect(ledgerOf(MALFORMED, UNKNOWN_TOPIC, MALFORMED).expected()).toEqual({
      messages: { received: 3, decoded: 0, quarantined: 3 },
      readings: { received: 0, counted: 0, duplicate: 0, quarantined: 0 },
    });
  });

  it('quarantines readings of an unknown unit, and such as contradict one that came before', () => {
    expect(ledgerOf(UNKNOWN_UNIT).expected().readings.counted).toBe(0);
    const first = ledgerOf(CONTRADICTS - 10, CONTRADICTS).expected().readings;
    expect(first.quarantined).toBeGreaterThan(0);
    expect(first.quarantined + first.counted).toBe(first.received);
    const second = ledgerOf(CONTRADICTS, CONTRADICTS - 10);
    const value = (ledger: Ledger) => [...ledger.series.get(seriesName('torture:z1-p1-0', 'pm2_5'))!.values()][0];
    expect(value(second)).toBe(value(ledgerOf(CONTRADICTS - 10))! + 1);
  });

  it('names what no publisher sent, or what was changed on its way', () => {
    const ledger = ledgerOf(1);
    const { topic, payload } = messageOf(PLAN, 1, 2);
    ledger.take(topic, payload.replace('5', '6'));
    ledger.take('in/a', 'x');
    expect(ledger.strangers).toHaveLength(2);
    expect(ledger.expected().messages.received).toBe(1);
  });

  it('finds the number of every message again', () => {
    for (let number = 0; number < 400; number++) {
      const { topic, payload } = messageOf(PLAN, 1, number);
      expect(numberOf(topic, payload)).toEqual({ publisher: 1, number });
    }
  });
});
