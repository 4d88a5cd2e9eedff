import { describe, expect, it } from 'vitest';
import { ALL_ROLES, parseRoles } from '../../../src/workers/roles.ts';

describe('parseRoles', () => {
  it('takes names with commas between them, in any order, once each', () => {
    expect([...parseRoles('engine, intake,engine', 'redis')]).toEqual(['intake', 'engine']);
    expect(parseRoles('intake,engine,api,worker', 'local')).toEqual(ALL_ROLES);
  });

  it('refuses what is no role, and says which ones there are', () => {
    expect(() => parseRoles('api,brain', 'redis')).toThrow('"brain" is none; write some of intake,engine,api,worker');
    expect(() => parseRoles('', 'redis')).toThrow('"" is none');
  });

  it('refuses less than all over a journal that one process has for itself', () => {
    expect(() => parseRoles('api', 'local')).toThrow('journal.backend is "local"');
  });
});
