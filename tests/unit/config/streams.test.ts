import { describe, expect, it } from 'vitest';
import { checkRelations, citySchema } from '../../../src/config/schema.ts';

const URL = { url: 'redis://host:6379' };

function problemsOf(journal: object, jobs: object = { backend: 'bullmq', redis: URL }): string[] {
  return checkRelations(citySchema.parse({ city: { id: 'a', name: 'A', timeZone: 'UTC' }, journal, jobs }));
}

describe('a journal in Redis', () => {
  it('is taken from that of the jobs, or from another one: a server, Sentinels, a cluster', () => {
    const places = [URL, { sentinels: ['a:26379', '[::1]:26379'], master: 'm' }, { nodes: ['a:6379'], tls: true }];
    expect(problemsOf({ backend: 'redis' })).toEqual([]);
    for (const redis of places) {
      expect(problemsOf({ backend: 'redis', redis })).toEqual([]);
      expect(problemsOf({ backend: 'redis' }, { backend: 'bullmq', redis })).toEqual([]);
    }
  });

  it.each([
    [{ redis: {} }, 'journal.redis: one of url, sentinels and nodes says where Redis is; none of them is given'],
    [
      { redis: { ...URL, nodes: ['a:1'] } },
      'journal.redis: one of url, sentinels and nodes says where Redis is; url and nodes are given',
    ],
    [{ redis: { sentinels: ['a:1'] } }, 'sentinels and master belong together'],
    [{ redis: { ...URL, tls: true } }, 'tls is for sentinels and nodes; write rediss:// in url'],
    [
      { redis: { nodes: ['a:1'], caFile: 'ca.pem' } },
      'caFile is given for the cluster of a:1, which is not encrypted; write tls: true',
    ],
    [{ lease: '2s' }, 'journal: lease (2000 ms) must be between 3s and 300s'],
    [{ markEvery: '11s' }, 'journal: markEvery (11000 ms) must be at most 10s'],
  ])('refuses %j', (journal, text) => {
    const problems = problemsOf({ backend: 'redis', ...journal });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(text);
  });

  it('needs jobs that all processes see', () => {
    expect(problemsOf({ backend: 'redis', redis: URL }, {})).toEqual([
      'journal: backend is "redis" and jobs.backend is "inline"; who owns a partition is a job that all processes see: write jobs: {backend: bullmq}',
    ]);
  });

  it('is not said where it is not used', () => {
    expect(problemsOf({ redis: URL }, {})).toEqual([
      'journal: redis is given and backend is "local"; write backend: redis, or leave redis out',
    ]);
  });
});
