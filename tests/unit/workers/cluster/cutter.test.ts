import { afterEach, describe, expect, it } from 'vitest';
import { Cutter } from '../../../../src/workers/cluster/cutter.ts';
import { MemoryStreams } from '../support/memory-streams.ts';
import { messageAt, until } from './support.ts';

describe('Cutter', () => {
  let cutter: Cutter | undefined;
  afterEach(() => cutter?.stop());

  function start(streams: MemoryStreams, markEveryMs: number) {
    const clock = { now: 1_000, backMs: 0, nowMs: () => clock.now - clock.backMs, monotonicMs: () => clock.now };
    const problems: Error[] = [];
    cutter = new Cutter({ streams, clock, markEveryMs, tickMs: 2, onProblem: (error) => problems.push(error) });
    cutter.start();
    return { clock, problems };
  }

  it('cuts where messages came, and once in a while where none did', async () => {
    const streams = new MemoryStreams(2);
    const { clock } = start(streams, 10_000);
    await until(() => streams.cuts.length === 2);
    streams.append(1, messageAt(1));
    await until(() => streams.cuts.length === 3);
    expect(streams.cuts.at(-1)).toMatchObject({ number: 2, ends: [0, 1], atMs: 1_000 });
    clock.now += 10_000;
    await until(() => streams.cuts.length === 4);
    expect(streams.cuts.at(-1)).toMatchObject({ number: 3, ends: [0, 1], atMs: 11_000 });
  });

  it('goes on when the clock on the wall is set back, with cuts that are not', async () => {
    const streams = new MemoryStreams(1);
    const { clock } = start(streams, 10_000);
    await until(() => streams.cuts.length === 2);
    clock.backMs = 3_600_000;
    clock.now += 10_000;
    await until(() => streams.cuts.length === 3);
    expect(streams.cuts.at(-1)).toMatchObject({ number: 2, atMs: 1_000 });
  });

  it('tells what fails and goes on', async () => {
    const streams = new MemoryStreams(1);
    streams.isAway = () => true;
    const { problems } = start(streams, 10_000);
    await until(() => problems.length > 1);
    expect(problems[0]).toMatchObject({ code: 'streams_unreachable' });
    streams.isAway = () => false;
    await until(() => streams.cuts.length === 2);
  });

  it('makes none once it is stopped', async () => {
    const streams = new MemoryStreams(1);
    start(streams, 0);
    await until(() => streams.cuts.length > 2);
    await cutter!.stop();
    const { length } = streams.cuts;
    streams.append(0, messageAt(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(streams.cuts).toHaveLength(length);
  });
});
