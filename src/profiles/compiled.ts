import type { Quality, Quantity, RejectReason } from '../model/index.ts';

/** Why something cannot become a reading. */
export interface Problem {
  readonly reason: RejectReason;
  readonly detail: string;
}

/** What a compiled profile asks of its surroundings while it reads one message. */
export interface Surroundings {
  readonly receivedAtMs: number;
  /** The time zone of the place where a device stands. */
  zoneOf(device: string): string;
  /** The instant of a local time, nearest to `nearMs` where there are two; NaN where there is none. */
  localToUtcMs(localMs: number, zone: string, nearMs: number): number;
  /** Whether an event time may be counted. */
  judgeTime(timeMs: number): Problem | undefined;
}

/** Where a profile stands in a document while it reads one message. One object a message, changed in place. */
export interface Scope {
  root: unknown;
  at: unknown;
  /** Number of the element in the innermost iteration. */
  index: number;
  /** Captures, variables and names of iterations, at places fixed by the compiler. */
  readonly slots: unknown[];
  readonly around: Surroundings;
  /** Elements that may still be visited; keeps nested iterations over a hostile document finite. */
  elementsLeft: number;
}

/** Device and time that the readings of one element share. */
export interface Target {
  readonly device: string;
  readonly timeMs: number;
  readonly timeSource: 'device' | 'received';
  readonly expectEveryMs: number;
}

/** Takes what a profile finds. A false answer means: enough, stop reading. */
export interface Sink {
  /** @param value in the quantity's unit; NaN for no value */
  reading(
    target: Target,
    quantity: Quantity,
    channel: string,
    value: number,
    quality: Quality,
    periodMs: number,
    expectEveryMs: number,
  ): boolean;
  reject(problem: Problem, device: string): boolean;
  /** The whole message is refused. Always false. */
  fail(problem: Problem, device: string): false;
  gateway(id: string): void;
}

/** How the bytes of a payload become a document; equal keys mean equal formats. */
export type Format = { readonly key: string } & FormatKind;

type FormatKind =
  | { readonly kind: 'json' }
  | { readonly kind: 'number' }
  | { readonly kind: 'senml' }
  | { readonly kind: 'influx' }
  | { readonly kind: 'csv'; readonly separator: string; readonly columns: readonly string[] | undefined };

export interface CompiledProfile {
  readonly name: string;
  readonly format: Format;
  readonly dropRetained: boolean;
  readonly slotCount: number;
  /** Reads variables and all blocks into the sink. Never throws, whatever the document holds. */
  readonly read: (scope: Scope, sink: Sink) => void;
}

/** One topic pattern of one profile. */
export interface Route {
  readonly profile: CompiledProfile;
  readonly pattern: string;
  readonly ignore: boolean;
  /** Captures as slot and value, or undefined when the topic does not fit. */
  readonly match: (levels: readonly string[]) => readonly Capture[] | undefined;
  /** Undefined: the topic alone decides. */
  readonly guard: ((scope: Scope) => boolean) | undefined;
}

export interface Capture {
  readonly slot: number;
  readonly value: string;
}

/** All routes in the order in which they are tried: longest literal prefix first. */
export interface CompiledProfiles {
  readonly routes: readonly Route[];
}
