import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import { type AuditOptions, appendAudit, openAudit, readAudit } from '../../../src/identity/index.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';

function trail(options: Partial<AuditOptions> = {}) {
  const dataFolder = plantTree({});
  const clock = manualClock(Temporal.Instant.from('2026-03-01T12:00:00Z').epochMilliseconds);
  return { dataFolder, clock, audit: openAudit({ dataFolder, clock, ...options }) };
}

describe('the audit trail', () => {
  it('keeps events in order, each a line of JSON that only the owner may read', () => {
    const { dataFolder, clock, audit } = trail();
    audit.record({ kind: 'login', who: 'a', by: 'mqtt', address: '192.0.2.1' });
    clock.advance(1_500);
    audit.record({ kind: 'login_refused', who: 'b', by: 'mqtt', cause: 'wrong' });
    audit.close();
    expect(readAudit(dataFolder, { limit: 10 })).toEqual([
      { at: '2026-03-01T12:00:00.000Z', kind: 'login', who: 'a', by: 'mqtt', address: '192.0.2.1' },
      { at: '2026-03-01T12:00:01.500Z', kind: 'login_refused', who: 'b', by: 'mqtt', cause: 'wrong' },
    ]);
    expect(statSync(join(dataFolder, 'audit.jsonl')).mode & 0o777).toBe(0o600);
    expect(readAudit(dataFolder, { limit: 1 }).map(({ who }) => who)).toEqual(['b']);
    expect(readAudit(dataFolder, { limit: 9, kinds: ['login'] }).map(({ who }) => who)).toEqual(['a']);
  });

  it('tells what repeats once, and then how often', () => {
    const { dataFolder, audit } = trail();
    for (let time = 0; time < 1_000; time++) audit.record({ kind: 'login_refused', who: 'b', by: 'mqtt' });
    audit.close();
    const lines = readAudit(dataFolder, { limit: 10 });
    expect(lines.map(({ count }) => count)).toEqual([undefined, 999]);
  });

  it('lets no text from outside break a line or grow without end', () => {
    const { dataFolder, audit } = trail();
    audit.record({ kind: 'login_refused', who: 'x\n{"kind":"login","at":"now"}\u001b[2J', by: 'mqtt' });
    audit.record({ kind: 'login_refused', who: 'y'.repeat(60_000), by: 'mqtt', cause: 'z'.repeat(60_000) });
    audit.close();
    const text = readFileSync(join(dataFolder, 'audit.jsonl'), 'utf8');
    expect(text.trimEnd().split('\n')).toHaveLength(2);
    expect(text).not.toContain('\u001b');
    expect(text.length).toBeLessThan(1_000);
  });

  it('is bounded: full files are put aside, and the oldest goes', () => {
    const { dataFolder, clock } = trail();
    for (let round = 0; round < 12; round++) {
      const audit = openAudit({ dataFolder, clock, fileBytesMax: 2_000, filesMax: 3 });
      for (let index = 0; index < 50; index++) audit.record({ kind: 'login', who: `r${round}-${index}`, by: 'mqtt' });
      audit.close();
    }
    expect(readdirSync(dataFolder).sort()).toEqual(['audit.jsonl', 'audit.jsonl.1', 'audit.jsonl.2', 'audit.jsonl.3']);
    const kept = readAudit(dataFolder, { limit: 10_000 });
    expect(kept).toHaveLength(200);
    expect([kept[0]?.who, kept.at(-1)?.who]).toEqual(['r8-0', 'r11-49']);
  });

  it('takes lines of commands beside a running server, and passes over what it cannot read', () => {
    const { dataFolder, clock, audit } = trail();
    audit.record({ kind: 'login', who: 'a', by: 'mqtt' });
    appendAudit(dataFolder, { kind: 'device_added', who: 'b', by: 'command' }, clock.nowMs());
    appendFileSync(join(dataFolder, 'audit.jsonl'), 'half a li\n{"at":5}\n');
    audit.close();
    expect(readAudit(dataFolder, { limit: 10 }).map(({ kind }) => kind)).toEqual(['device_added', 'login']);
  });

  it('survives a folder that cannot be written to', () => {
    const problems: Error[] = [];
    const audit = openAudit({ dataFolder: '/proc/nowhere', clock: manualClock(0), onProblem: (e) => problems.push(e) });
    audit.record({ kind: 'login', who: 'a', by: 'mqtt' });
    audit.close();
    expect(problems).toHaveLength(1);
  });
});
