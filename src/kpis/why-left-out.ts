import type { DeviceRole, DeviceUse, KpiDefinition, KpiDevice, KpiWindow, Part } from './definition.ts';

/*
 * Why a device, or a zone, is not in a value, in words. What a definition makes of a device is asked of the definition
 * itself, with one thing of the device changed at a time: no rule stands here a second time.
 */

const ROLES: readonly DeviceRole[] = ['ambient', 'bulk', 'customer', 'generation', 'grid'];
const USES: readonly DeviceUse[] = ['residential', 'public', 'commercial', 'industrial', 'street'];

/** Numbers of the configuration without which a device may have no part. */
const NUMBERS = ['peopleServed', 'properties', 'floorAreaM2', 'customers'] as const;

type Window = Pick<KpiWindow, 'startMs' | 'endMs'>;

/** Why a device says nothing, or has no part, or too little that is valid. */
export function whyDeviceLeftOut(kpi: KpiDefinition, device: KpiDevice, window: KpiWindow, part: Part | null): string {
  if (part === null) return whyNoPart(kpi, device, window);
  const { validCount, expectedCount, neededCount, value, denominator } = part;
  if (value !== null) {
    return part.valid ? '' : `too little that is valid: ${validCount} of ${expectedCount}${needed(kpi, neededCount)}`;
  }
  const silence = kpi.days === undefined ? silenceOf(device, window) : '';
  if (silence !== '') return silence;
  if (denominator === 0) return 'what it would be divided by is 0';
  return `nothing can be said of it: ${validCount} of ${expectedCount} are valid${needed(kpi, neededCount)}`;
}

/** Why a zone with something to say is not in the value of the zone or city around it. */
export function whyZoneLeftOut(part: Part, population: number, rule: string): string {
  if (part.value === null) return 'nothing can be said of it in this window';
  if (!part.valid)
    return `not valid, ${part.validCount} of ${part.expectedCount} are, and what is valid stands before it`;
  return population === 0 ? 'nobody lives there, so it has no weight' : `the rule of space leaves it out: ${rule}`;
}

function needed({ completeness }: KpiDefinition, neededCount: number | undefined): string {
  return neededCount === undefined ? `; the rule is ${completeness}` : `, ${neededCount} are needed`;
}

function whyNoPart(kpi: KpiDefinition, device: KpiDevice, window: KpiWindow): string {
  if (kpi.days !== undefined) return 'none of the days of the window says anything of it';
  const silence = silenceOf(device, window);
  if (silence !== '') return silence;
  // Asked apart from what KPIs share in a tick: it is remembered by the name of the device.
  const { memo: _memo, ...alone } = window;
  const wouldHave = (facts: Partial<KpiDevice['facts']>): boolean =>
    kpi.device({ ...device, facts: { ...device.facts, ...facts } }, alone) !== null;
  const missing = NUMBERS.filter((name) => device.facts[name] === 0 && wouldHave({ [name]: 1 }));
  if (missing.length > 0) return `the configuration does not tell its ${missing.join(' or ')}`;
  const uses = USES.filter((use) => wouldHave({ use }));
  if (uses.length > 0) return `its use is ${device.facts.use || 'not told'}; the KPI is of ${uses.join(', ')}`;
  const roles = ROLES.filter((role) => wouldHave({ role }));
  if (roles.length > 0) return `its role is ${device.facts.role}; the KPI is of ${roles.join(', ')}`;
  return `nothing that it measures, with the role ${device.facts.role}, has a part in the KPI`;
}

function silenceOf({ series }: KpiDevice, { startMs, endMs }: Window): string {
  if (series.some((one) => one.hours(startMs, endMs).some(({ made }) => made.isRead))) return '';
  const isHeard = series.some((one) => one.heardMs(startMs, endMs) >= startMs);
  return isHeard ? 'none of its readings in the window counts' : 'no reading in the window';
}
