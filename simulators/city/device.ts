import type { LocalMoment } from './curves.ts';
import { normalAt } from './noise.ts';

/** What a simulated device is; `id` is the one that the product's profile gives it. */
export interface DeviceFacts {
  readonly id: string;
  readonly family: string;
  readonly zone: string;
  readonly role: 'ambient' | 'bulk' | 'customer';
  readonly peopleServed: number;
  readonly everyMs: number;
  /** It has a register that can start again at zero. */
  readonly hasRegister: boolean;
}

/** One publish. */
export interface DeviceMessage {
  readonly topic: string;
  readonly payload: string;
}

/** What a device meets when its time has come. */
export interface Turn {
  /** Now, as the city's clocks have it; a stuck device keeps sensing an earlier moment. */
  readonly moment: LocalMoment;
  /** What the device believes the time to be, ms UTC. */
  readonly stampMs: number;
  /** Time since its last turn, ms. */
  readonly elapsedMs: number;
  /** The sensor gives no value this time. */
  readonly noValue: boolean;
  /** The register starts again at zero. */
  readonly resetRegister: boolean;
  /** Local time of the city for devices that stamp so, as if it were UTC, ms. */
  readonly localStampMs: number;
}

/** A device of a family: its facts, and what it publishes. Turns come in order of time. */
export interface SimulatedDevice {
  readonly facts: DeviceFacts;
  /** First turn after the start, ms; spreads the devices over their interval. */
  readonly phaseMs: number;
  turn(turn: Turn): readonly DeviceMessage[];
}

/** Where a device stands and what makes it differ from its neighbours. */
export interface Site {
  readonly index: number;
  readonly zone: string;
  /** 32 bits. */
  readonly seed: number;
  /** Weather of the whole city. */
  readonly citySeed: number;
  /** 0 (quiet) to 1 (main road). */
  readonly busy: number;
}

/** A family of devices: what they publish is that family's real format. */
export type DeviceFamily = (site: Site) => SimulatedDevice;

/** A value with the scatter of one sensor, never below `least`. */
export function scatter(value: number, relative: number, site: Site, turn: Turn, channel: number, least = 0): number {
  const index = Math.floor(turn.moment.atMs / 1000);
  return Math.max(least, value * (1 + relative * normalAt(site.seed, index, channel)));
}

/** A number with so many decimals, as JSON prints it. */
export function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

/** `YYYY-MM-DDThh:mm:ss` of an instant or of a local time given as if it were UTC. */
export function secondsText(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19);
}

/** A serial number in hexadecimal, of so many digits after the prefix of its maker. */
export function serial(site: Site, prefix: string, digits: number): string {
  return prefix + site.index.toString(16).padStart(digits - prefix.length, '0');
}
