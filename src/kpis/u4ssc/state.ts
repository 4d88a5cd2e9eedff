import type { DataQuality } from '../../model/index.ts';
import type { Direction } from '../arithmetic/index.ts';
import type { U4sscKpi } from './kpi.ts';

/** A value that the city entered. */
export interface ReportedValue {
  /** U4SSC code. */
  readonly kpi: string;
  /** Which number of the KPI; absent where it has one. */
  readonly series?: string | undefined;
  /** What it speaks of: a year, a month, or two dates; later ones sort behind earlier ones. */
  readonly period: string;
  readonly value: number;
  readonly source: string;
  readonly quality: DataQuality;
}

/** What a city aims at; without a direction that of the KPI holds. */
export interface KpiTarget {
  readonly target: number;
  readonly direction?: Direction | undefined;
}

/** Why a number has no points. */
export type U4sscExclusion = 'no value' | 'not valid' | 'not of a year' | 'no target' | 'no direction';

/** One number of a KPI as it stands. */
export interface U4sscNumber {
  /** Empty where the KPI has one number. */
  readonly series: string;
  readonly value: number | null;
  /** Where the value is from; null without one. */
  readonly origin: 'live' | 'facts' | 'reported' | null;
  /** Id of the KPI of the product; empty unless live. */
  readonly kpi: string;
  /** In the KPI's own unit where it is live; the standard's otherwise. */
  readonly unit: string;
  /** The window's name, the reported period, or empty. */
  readonly period: string;
  /** Start and end of the window of a live value, ms UTC. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  readonly source: string;
  readonly quality: DataQuality | null;
  readonly valid: boolean;
  readonly target: number | null;
  readonly direction: Direction | null;
  readonly percentOfTarget: number | null;
  /** 1 to 4; null where excluded. */
  readonly points: number | null;
  readonly excluded: U4sscExclusion | null;
}

/** A KPI with its numbers. */
export interface U4sscState {
  readonly kpi: U4sscKpi;
  readonly numbers: readonly U4sscNumber[];
  /** What the city entered for it, newest period first. */
  readonly reported: readonly ReportedValue[];
}
