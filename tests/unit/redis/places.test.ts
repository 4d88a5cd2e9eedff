import { describe, expect, it } from 'vitest';
import { addressOf, waitBefore } from '../../../src/redis/index.ts';
import { addressIn } from '../../../src/redis/places.ts';

describe('where a Redis is', () => {
  it('is named in messages without user and password', () => {
    const login = { username: 'city', password: 'secret' };
    const sentinels = [
      { host: 'a', port: 26_379 },
      { host: 'b', port: 26_380 },
    ];
    expect(addressOf({ url: 'redis://a:1/2', ...login })).toBe('redis://a:1/2');
    expect(addressOf({ nodes: ['redis://a:1', 'redis://b:2'], ...login })).toBe('redis://a:1, redis://b:2');
    expect(addressOf({ sentinels, master: 'town', ...login })).toBe('town of the sentinels a:26379, b:26380');
  });

  it('is read from a URL', () => {
    expect(addressIn('redis://a')).toEqual({ host: 'a', port: 6_379, database: 0, isTls: false });
    expect(addressIn('rediss://[::1]:7000/3')).toEqual({ host: '::1', port: 7_000, database: 3, isTls: true });
  });

  it('is tried again after times that double up to the longest, less up to a half', () => {
    for (const [times, ms] of [
      [1, 50],
      [2, 100],
      [5, 800],
      [100, 1_000],
    ] as const) {
      const waits = Array.from({ length: 50 }, () => waitBefore(times, 50, 1_000));
      expect(Math.max(...waits)).toBeLessThanOrEqual(ms);
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(ms / 2);
      expect(new Set(waits).size).toBeGreaterThan(1);
    }
  });
});
