import { OperatingError } from '../base/index.ts';

/**
 * What a process of a city does: take messages (`intake`), own partitions of the journal and decode them (`engine`), keep
 * windows, KPIs and a store and answer people (`api`), do batches of history (`worker`).
 */
export const ROLES = ['intake', 'engine', 'api', 'worker'] as const;
export type Role = (typeof ROLES)[number];
export type Roles = ReadonlySet<Role>;

export const ALL_ROLES: Roles = new Set(ROLES);

/**
 * @param text names with commas between them
 * @param backend of the journal: only one that all processes see can be shared
 * @throws OperatingError `config_invalid` for a name that is none, and for less than all roles over a local journal
 */
export function parseRoles(text: string, backend: 'local' | 'redis'): Roles {
  const names = text.split(',').map((name) => name.trim());
  const roles = new Set(ROLES.filter((role) => names.includes(role)));
  const unknown = names.find((name) => !ROLES.includes(name as Role));
  if (unknown !== undefined) {
    throw new OperatingError(
      'config_invalid',
      `cannot use --roles ${text}: "${unknown}" is none; write some of ${ROLES.join(',')}`,
    );
  }
  if (backend === 'local' && roles.size < ROLES.length) {
    throw new OperatingError(
      'config_invalid',
      `cannot use --roles ${text}: journal.backend is "local", which one process has for itself; write journal: {backend: redis}, or leave --roles out`,
    );
  }
  return roles;
}
