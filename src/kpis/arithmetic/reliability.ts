import { exactSum, MINUTE_MS } from '../../base/index.ts';
import { meanOfValid, sampleDeviation } from './mean.ts';

/*
 * Indices of the reliability of supply after IEEE Std 1366-2012. Each takes the interruptions of one period and place;
 * with step restoration every step is an interruption of its own, with its own customers and minutes. Sums are exact, so
 * that no order of the interruptions makes a difference.
 */

/** Customers who were without supply for the same time. */
export interface CustomerInterruption {
  readonly customers: number;
  readonly minutes: number;
}

/** What is a sustained interruption, and not a momentary one. */
export interface SustainedRule {
  readonly overMinutes: number;
  /** True: longer than the limit (IEEE 1366, "more than five minutes"). False: as long is enough. */
  readonly strict: boolean;
}

/** IEEE 1366: more than five minutes. */
export const SUSTAINED_IEEE: SustainedRule = { overMinutes: 5, strict: true };

/** Whether an interruption counts as sustained. */
export function isSustained(minutes: number, { overMinutes, strict }: SustainedRule = SUSTAINED_IEEE): boolean {
  return strict ? minutes > overMinutes : minutes >= overMinutes;
}

/** Customers of all interruptions, each as often as it was interrupted. */
export function customerInterruptions(interruptions: readonly CustomerInterruption[]): number {
  return exactSum(interruptions.map(({ customers }) => customers));
}

/** Minutes without supply, summed over all customers. */
export function customerMinutes(interruptions: readonly CustomerInterruption[]): number {
  return exactSum(interruptions.map(({ customers, minutes }) => customers * minutes));
}

/**
 * System average interruption frequency: sustained interruptions per customer served. U4SSC EC: I: ES: 1C over 12 months.
 * The same of momentary interruptions is `maifi`.
 *
 * @param sustained the sustained interruptions only
 * @returns null without customers served
 */
export function saifi(sustained: readonly CustomerInterruption[], customersServed: number): number | null {
  return perCustomer(customerInterruptions(sustained), customersServed);
}

/** System average interruption duration: minutes per customer served. No U4SSC indicator; null without customers. */
export function saidi(sustained: readonly CustomerInterruption[], customersServed: number): number | null {
  return perCustomer(customerMinutes(sustained), customersServed);
}

/**
 * Customer average interruption duration: minutes per customer interruption. This, not SAIDI, is U4SSC EC: I: ES: 2C
 * "Electricity System Outage Time".
 *
 * @returns null without any interruption
 */
export function caidi(minutes: number, interruptions: number): number | null {
  return interruptions > 0 ? minutes / interruptions : null;
}

/**
 * Average service availability, 0 to 1: customer time with supply over customer time demanded.
 *
 * @param minutes customer minutes of sustained interruptions
 * @param periodHours 8760 for a year, 8784 for a leap year
 * @returns null without customers or time
 */
export function asai(minutes: number, customersServed: number, periodHours: number): number | null {
  const demandedMinutes = customersServed * periodHours * 60;
  return demandedMinutes > 0 ? 1 - minutes / demandedMinutes : null;
}

/** Momentary average interruption frequency: momentary interruptions per customer served; null without customers. */
export function maifi(momentary: readonly CustomerInterruption[], customersServed: number): number | null {
  return perCustomer(customerInterruptions(momentary), customersServed);
}

/** All five of one period. */
export interface ReliabilityIndices {
  readonly saifi: number | null;
  readonly saidiMinutes: number | null;
  readonly caidiMinutes: number | null;
  readonly asai: number | null;
  readonly maifi: number | null;
}

/** The indices of one period from all of its interruptions, momentary ones included. */
export function reliabilityIndices(
  interruptions: readonly CustomerInterruption[],
  customersServed: number,
  periodHours: number,
  rule: SustainedRule = SUSTAINED_IEEE,
): ReliabilityIndices {
  const sustained = interruptions.filter(({ minutes }) => isSustained(minutes, rule));
  const momentary = interruptions.filter(({ minutes }) => !isSustained(minutes, rule));
  return {
    saifi: saifi(sustained, customersServed),
    saidiMinutes: saidi(sustained, customersServed),
    caidiMinutes: caidi(customerMinutes(sustained), customerInterruptions(sustained)),
    asai: asai(customerMinutes(sustained), customersServed, periodHours),
    maifi: maifi(momentary, customersServed),
  };
}

/** Customers who share what happened to them: one meter, or all behind one. */
export interface ExperiencedInterruptions {
  readonly customers: number;
  /** Sustained interruptions; their longest, and all of them together. */
  readonly count: number;
  readonly longestMinutes: number;
  readonly totalMinutes: number;
}

/** Customers experiencing `n` or more sustained interruptions, of all served (CEMI-n); null without customers. */
export function cemi(groups: readonly ExperiencedInterruptions[], n: number, customersServed: number): number | null {
  const hit = groups.filter(({ count }) => count >= n);
  return perCustomer(exactSum(hit.map(({ customers }) => customers)), customersServed);
}

/**
 * Customers experiencing long interruptions, of all served: a single one of so many hours or more (CELID-s), or so many
 * hours in all (CELID-t); null without customers.
 */
export function celid(
  groups: readonly ExperiencedInterruptions[],
  hours: number,
  of: 'single' | 'total',
  customersServed: number,
): number | null {
  const hit = groups.filter(
    ({ longestMinutes, totalMinutes }) => (of === 'total' ? totalMinutes : longestMinutes) >= hours * 60,
  );
  return perCustomer(exactSum(hit.map(({ customers }) => customers)), customersServed);
}

/** The threshold of major event days, with the two numbers that it is made of. */
export interface MajorEventThreshold {
  /** Mean and sample standard deviation (n - 1) of the natural logarithms of daily SAIDI. */
  readonly alpha: number;
  readonly beta: number;
  /** Minutes of SAIDI that a day must exceed. */
  readonly tMed: number;
}

/**
 * T_MED of the 2.5 beta method: exp(alpha + 2.5 beta), from the daily SAIDI of up to five years before the year that it
 * is used in. Days without interruption are left out.
 *
 * @returns null with fewer than two days above 0, which have no standard deviation
 * @see IEEE Std 1366, clause 3.5 and annex B; that the standard deviation is that of a sample is a convention
 */
export function majorEventThreshold(dailySaidi: readonly number[]): MajorEventThreshold | null {
  const logarithms = dailySaidi.filter((minutes) => minutes > 0).map(Math.log);
  const alpha = meanOfValid(logarithms);
  const beta = sampleDeviation(logarithms);
  if (alpha === null || beta === null) return null;
  return { alpha, beta, tMed: Math.exp(alpha + 2.5 * beta) };
}

/** Whether a day is a major event day: its SAIDI is greater than the threshold (IEEE 1366, 2.5 beta). */
export function isMajorEventDay(daySaidi: number, { tMed }: Pick<MajorEventThreshold, 'tMed'>): boolean {
  return daySaidi > tMed;
}

/** Minutes between two instants. */
export function minutesBetween(fromMs: number, toMs: number): number {
  return (toMs - fromMs) / MINUTE_MS;
}

function perCustomer(amount: number, customersServed: number): number | null {
  return customersServed > 0 ? amount / customersServed : null;
}
