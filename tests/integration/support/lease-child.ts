/*
 * A node that shares names, as a process that can be killed or made to hang.
 * Usage: lease-child.ts <node> <port of Redis> <prefix> <timing as JSON> <name>...; prints a line for each lease that it
 * takes (`take <name> <number>`) and that ends (`end <name> <number>`).
 */
import { systemClock } from '../../../src/base/index.ts';
import { createBullLeases } from '../../../src/jobs/bullmq/index.ts';
import type { Lease } from '../../../src/jobs/index.ts';

const [node, port, prefix, timing, ...names] = process.argv.slice(2);
const tell = (what: 'take' | 'end', { name, number }: Lease) => process.stdout.write(`${what} ${name} ${number}\n`);
const leases = createBullLeases({
  ...{ redis: { url: `redis://127.0.0.1:${port}`, prefix: prefix! }, node: node!, clock: systemClock },
  ...{ timing: JSON.parse(timing!), onProblem: () => undefined },
});
leases.run(names, {
  take: (lease) => {
    tell('take', lease);
    lease.lost.addEventListener('abort', () => tell('end', lease), { once: true });
  },
  drain: async () => undefined,
});
process.on('SIGTERM', () => void leases.close());
