import { describe, expect, it } from 'vitest';
import type { JournalStats } from '../../../src/journal/index.ts';
import type { Message } from '../../../src/model/index.ts';
import { JournalBudget } from '../../../src/workers/journal-budget.ts';

const MESSAGE: Message = {
  ...{ topic: 't', payload: new Uint8Array(10), payloadBytes: 10, clientId: 'c', receivedAtMs: 0, flags: 0 },
};

/** A journal of 10 bytes a message, of which a consumer lets so many bytes be trimmed. */
function journalOf() {
  const state = { bytes: 0, passed: 0, appended: 0 };
  const journal = {
    append: (_message: Message, done: (error?: Error) => void) => {
      state.bytes += 10;
      done();
      return ++state.appended;
    },
    trim: async () => {
      const freed = Math.min(state.bytes, state.passed);
      state.bytes -= freed;
      state.passed -= freed;
      return freed;
    },
    stats: () => ({ bytesOnDisk: state.bytes, waitingRecords: 0, waitingBytes: 0, blocked: null }) as JournalStats,
  };
  return { state, journal };
}

describe('a journal with a budget', () => {
  it('acknowledges nothing beyond it, deletes nothing that is needed, and goes on by itself in order', async () => {
    const { state, journal } = journalOf();
    const told: (string | null)[] = [];
    const budget = new JournalBudget({ journal, bytesMax: () => 25, onChange: (blocked) => told.push(blocked) });
    const acknowledged: number[] = [];
    const send = (number: number) => budget.append(MESSAGE, () => acknowledged.push(number));
    for (const number of [1, 2, 3]) send(number);
    await budget.look(0);
    for (const number of [4, 5]) send(number);
    await budget.look(0);
    expect(acknowledged).toEqual([1, 2, 3]);
    expect(state.bytes).toBe(30);
    expect(budget.stats()).toMatchObject({ waitingRecords: 2, waitingBytes: 20, blockedTotal: 1 });
    expect(budget.stats().blocked).toBe(
      'it has 30 bytes that are still needed, and journal.budget is 25: the store is behind',
    );
    state.passed = 20;
    await budget.look(0);
    expect(acknowledged).toEqual([1, 2, 3, 4, 5]);
    expect(budget.stats()).toMatchObject({ waitingRecords: 0, blocked: null });
    expect(told.map((text) => text === null)).toEqual([false, true]);
  });

  it('trims what may go before it holds anything back', async () => {
    const { state, journal } = journalOf();
    const budget = new JournalBudget({ journal, bytesMax: () => 25, onChange: () => expect.unreachable() });
    for (let number = 0; number < 3; number++) budget.append(MESSAGE, () => {});
    state.passed = 10;
    await budget.look(0);
    expect(state.bytes).toBe(20);
  });

  it('answers what it holds with an error when it is closed, and takes nothing more', async () => {
    const { state, journal } = journalOf();
    const budget = new JournalBudget({ journal, bytesMax: () => 5, onChange: () => {} });
    const answers: (string | undefined)[] = [];
    const send = () => budget.append(MESSAGE, (error) => answers.push(error?.message));
    send();
    await budget.look(0);
    send();
    budget.close();
    send();
    const refused = 'cannot keep a message: the journal is about to be closed';
    expect(answers).toEqual([undefined, refused, refused]);
    expect([state.appended, budget.stats().waitingRecords]).toEqual([1, 0]);
  });

  it('looks and trims once at a time, and judges the size also when trimming failed', async () => {
    const { journal } = journalOf();
    let running = 0;
    const trim = async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      throw new Error('no');
    };
    const told: (string | null)[] = [];
    const options = { bytesMax: () => 5, onChange: (blocked: string | null) => void told.push(blocked) };
    const budget = new JournalBudget({ journal: { ...journal, trim }, ...options });
    budget.append(MESSAGE, () => {});
    const outcomes = await Promise.allSettled([budget.look(0), budget.look(0), budget.trim(0)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(told).toHaveLength(1);
  });
});
