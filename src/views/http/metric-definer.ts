import { Counter, Gauge, type Registry } from 'prom-client';

/** Values with their labels, read when the page is asked for. */
type Read = () => Iterable<Sample> | Promise<Iterable<Sample>>;
/** A value with its labels. */
export type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>];

/** Defines a metric that is read when the page is asked for. */
export interface Definer {
  gauge(name: string, help: string, read: Read, labelNames?: readonly string[]): void;
  /** Totals that another room keeps; they are set anew at every reading. */
  counter(name: string, help: string, read: Read, labelNames?: readonly string[]): void;
}

/** Defines metrics of a registry: names `vitals_...`. */
export function definer(registry: Registry): Definer {
  return {
    gauge(name, help, read, labelNames = []) {
      new Gauge({
        name: `vitals_${name}`,
        help,
        labelNames,
        registers: [registry],
        async collect() {
          const samples = [...(await read())];
          this.reset();
          // An emptied gauge without labels would say 0, which is a number that nobody measured.
          if (samples.length === 0 && labelNames.length === 0) this.remove();
          for (const [value, labels = {}] of samples) this.set({ ...labels }, value);
        },
      });
    },
    counter(name, help, read, labelNames = []) {
      new Counter({
        name: `vitals_${name}`,
        help,
        labelNames,
        registers: [registry],
        async collect() {
          const samples = await read();
          this.reset();
          for (const [value, labels = {}] of samples) this.inc({ ...labels }, value);
        },
      });
    },
  };
}
