import type { Role } from '../../identity/index.ts';
import { BOARD_PATH } from './board.ts';
import { DOCS_PATH } from './docs.ts';
import { SETUP_PATH } from './setup.ts';

/** `nobody`: a route that asks for no login. `device`: one for devices, whose rights are looked at where it is served. */
export type NeededRole = Role | 'nobody' | 'device';

/**
 * Which role each route needs, where users are on: the only list. A route that is not in it needs an admin, and a test
 * says that it is missing.
 */
const ROUTE_ROLES: Readonly<Record<string, NeededRole>> = {
  '/healthz': 'nobody',
  '/readyz': 'nobody',
  [SETUP_PATH]: 'nobody',
  '/in/*': 'device',
  '/data/:provider': 'device',
  '/sensors/:monitor/measures': 'device',
  '/write': 'device',
  '/api/v2/write': 'device',
  '/query': 'device',
  '/ping': 'nobody',
  '/health': 'nobody',
  '/': 'viewer',
  '/*': 'viewer',
  '/metrics': 'viewer',
  '/api/v1/devices': 'viewer',
  '/api/v1/series': 'viewer',
  '/api/v1/aggregates': 'viewer',
  '/api/v1/readings': 'viewer',
  '/api/v1/kpis': 'viewer',
  '/api/v1/kpis/:id': 'viewer',
  '/api/v1/kpis/:id/why': 'viewer',
  '/api/v1/u4ssc': 'viewer',
  '/api/v1/zones': 'viewer',
  '/api/v1/quantities': 'viewer',
  '/api/v1/accounting': 'viewer',
  '/api/v1/cluster': 'viewer',
  '/api/v1/me': 'viewer',
  '/api/v1/stream': 'viewer',
  // Payloads as they came, of whoever sent them.
  '/api/v1/quarantine': 'operator',
  '/api/v1/quarantine/replay': 'admin',
  '/api/v1/redecode': 'admin',
  '/api/v1/jobs': 'operator',
  '/api/v1/jobs/cancel': 'admin',
  '/api/v1/jobs/retry': 'admin',
  '/api/v1/exports': 'admin',
  '/api/v1/imports': 'admin',
  '/api/v1/recomputes': 'admin',
  '/api/v1/kpi-trials': 'admin',
  '/api/v1/alarm-evaluations': 'admin',
  '/api/v1/reports': 'viewer',
  '/api/v1/reports/:name': 'viewer',
  '/api/v1/audit': 'admin',
};

/** Where something is ordered at a path that others may read. */
const ORDER_ROLES: Readonly<Record<string, NeededRole>> = {
  // It says nothing that a viewer may not see, but it takes work and room.
  '/api/v1/reports': 'operator',
};

/** The role that a route needs; undefined for one that nobody has decided about. */
export function listedRole(route: string): NeededRole | undefined {
  if (Object.hasOwn(ROUTE_ROLES, route)) return ROUTE_ROLES[route];
  // Inputs and errors of everybody's orders.
  if (route === BOARD_PATH || route.startsWith(`${BOARD_PATH}/`)) return 'admin';
  return route === DOCS_PATH || route.startsWith(`${DOCS_PATH}/`) ? 'viewer' : undefined;
}

/** The role that a request needs; `route` is undefined for a path that there is not. */
export function neededRole(route: string | undefined, method: string): NeededRole {
  // What is not there is told to who may see what is there.
  if (route === undefined) return 'viewer';
  const ofOrder = method === 'POST' && Object.hasOwn(ORDER_ROLES, route) ? ORDER_ROLES[route] : undefined;
  return ofOrder ?? listedRole(route) ?? 'admin';
}
