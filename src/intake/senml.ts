import { rememberTexts } from '../base/index.ts';
import type { Problem } from '../profiles/index.ts';

/** A SenML record with its base fields worked in (RFC 8428, 4.6). */
export interface ResolvedRecord {
  /** Base name and name, joined. */
  readonly n: string;
  /** The record's own name; the base name where it has none. */
  readonly name: string;
  readonly u: string | undefined;
  /** Absolute time in seconds; undefined when the pack gives none, which means "now". */
  readonly t: number | undefined;
  readonly v: unknown;
  readonly vs: unknown;
  readonly vb: unknown;
  readonly vd: unknown;
  readonly s: unknown;
}

/** Times below are relative to now (RFC 8428, 4.5.3). */
const RELATIVE_BELOW_S = 2 ** 28;
const VERSION_MAX = 10;
const NAME_START = /^[A-Za-z0-9]/;
const NAME = /^[A-Za-z0-9\-:./_]*$/;
const UNDERSCORE = 0x5f;
const NAMES_MAX = 4_096;

const isName = rememberTexts((name) => NAME_START.test(name) && NAME.test(name), NAMES_MAX);

interface Base {
  bn: string;
  bt: number;
  bu: string | undefined;
  bv: number | undefined;
  bs: number | undefined;
}

/**
 * Resolves a SenML pack in its JSON form. A fault in one record refuses the pack: base fields reach over records, so
 * what follows cannot be trusted.
 *
 * @param nowS reception, seconds since 1970; relative times count from it
 */
export function resolveSenml(pack: unknown, nowS: number): readonly ResolvedRecord[] | Problem {
  if (!Array.isArray(pack)) return malformed('a SenML pack is an array of records');
  const base: Base = { bn: '', bt: 0, bu: undefined, bv: undefined, bs: undefined };
  const resolved: ResolvedRecord[] = [];
  for (let index = 0; index < pack.length; index++) {
    const record: unknown = pack[index];
    if (record === null || typeof record !== 'object' || Array.isArray(record))
      return malformed(`record ${index} is no object`);
    const fields = record as Record<string, unknown>;
    const complaint = complaintOf(fields) ?? applyBase(base, fields);
    if (complaint !== undefined) return malformed(`record ${index}: ${complaint}`);
    if (!hasValue(fields)) continue;
    const one = resolveRecord(base, fields, nowS);
    if (typeof one === 'string') return malformed(`record ${index}: ${one}`);
    resolved.push(one);
  }
  return resolved;
}

function malformed(detail: string): Problem {
  return { reason: 'malformed', detail };
}

const TEXTS = ['bn', 'bu', 'n', 'u'] as const;
const NUMBERS = ['bt', 'bv', 'bs', 'bver', 't', 'ut'] as const;

function complaintOf(fields: Record<string, unknown>): string | undefined {
  return isSound(fields) ? undefined : explain(fields);
}

/** Whether there is nothing to complain of; said field by field, as this is asked of every record. */
function isSound(fields: Record<string, unknown>): boolean {
  const { bn, bu, n, u, bt, bv, bs, bver, t, ut } = fields;
  if (!(isText(bn) && isText(bu) && isText(n) && isText(u))) return false;
  if (!(isNumber(bt) && isNumber(bv) && isNumber(bs) && isNumber(bver) && isNumber(t) && isNumber(ut))) return false;
  if (bver !== undefined && (bver as number) > VERSION_MAX) return false;
  for (const key in fields) if (key.charCodeAt(key.length - 1) === UNDERSCORE) return false;
  return true;
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isNumber(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value));
}

function explain(fields: Record<string, unknown>): string | undefined {
  for (const key of TEXTS)
    if (fields[key] !== undefined && typeof fields[key] !== 'string') return `"${key}" is no text`;
  for (const key of NUMBERS) {
    if (fields[key] !== undefined && !(typeof fields[key] === 'number' && Number.isFinite(fields[key])))
      return `"${key}" is no number`;
  }
  if (typeof fields.bver === 'number' && fields.bver > VERSION_MAX)
    return `version ${fields.bver} is newer than ${VERSION_MAX}`;
  // RFC 8428, 4.4: a field whose name ends in _ must be understood or the pack be refused.
  for (const key in fields)
    if (key.endsWith('_')) return `the field "${key.slice(0, 20)}" must be understood and is not`;
  return undefined;
}

function applyBase(base: Base, fields: Record<string, unknown>): undefined {
  if (fields.bn !== undefined) base.bn = fields.bn as string;
  if (fields.bt !== undefined) base.bt = fields.bt as number;
  if (fields.bu !== undefined) base.bu = fields.bu as string;
  if (fields.bv !== undefined) base.bv = fields.bv as number;
  if (fields.bs !== undefined) base.bs = fields.bs as number;
  return undefined;
}

function hasValue(fields: Record<string, unknown>): boolean {
  return (
    fields.v !== undefined ||
    fields.vs !== undefined ||
    fields.vb !== undefined ||
    fields.vd !== undefined ||
    fields.s !== undefined
  );
}

function resolveRecord(base: Base, fields: Record<string, unknown>, nowS: number): ResolvedRecord | string {
  const own = (fields.n as string | undefined) ?? '';
  const n = base.bn + own;
  if (!isName(n)) {
    return `the name ${JSON.stringify(n.slice(0, 40))} is not allowed; it starts with a letter or digit, then also - : . / _`;
  }
  const at = base.bt + ((fields.t as number | undefined) ?? 0);
  return {
    n,
    name: own === '' ? base.bn : own,
    u: (fields.u as string | undefined) ?? base.bu,
    t: at === 0 ? undefined : at < RELATIVE_BELOW_S ? nowS + at : at,
    v: plus(fields.v, base.bv),
    vs: fields.vs,
    vb: fields.vb,
    vd: fields.vd,
    s: plus(fields.s, base.bs),
  };
}

function plus(value: unknown, base: number | undefined): unknown {
  return base !== undefined && typeof value === 'number' ? value + base : value;
}
