import { Qos1Publisher, type Qos1PublisherStats } from '../harness/index.ts';
import { seededRandom } from '../simulators/common/index.ts';
import { systemClock } from '../src/base/index.ts';
import { MESSAGES_MAX, messageOf, type Plan } from './messages.ts';

/*
 * A process of its own: publishers [first, first + count) of a plan. It does what its parent asks for and answers.
 */

export interface PublisherSettings {
  readonly port: number;
  readonly plan: Plan;
  readonly seed: string;
  readonly first: number;
  readonly count: number;
  readonly windowCount: number;
  /** Messages a second of each publisher; what could not be sent in time is made up for. */
  readonly perSecond: number;
  readonly silenceMsMax: number;
}

/** `go`: publishes from now on. `stats`: answers. `finish`: makes no more, and answers when all was acknowledged. */
export type PublisherRequest = 'go' | 'stats' | 'finish';

const TICK_MS = 20;
const TWICE_RATIO = 0.01;

const settings = JSON.parse(process.argv[2]!) as PublisherSettings;
const publishers = Array.from({ length: settings.count }, (_, index) => publisherOf(settings, settings.first + index));
let ticking: NodeJS.Timeout | undefined;

function publisherOf({ port, plan, seed, windowCount, silenceMsMax }: PublisherSettings, index: number): Qos1Publisher {
  return new Qos1Publisher({
    port,
    clientId: `torture-${index}`,
    windowCount,
    silenceMsMax,
    twiceRatio: TWICE_RATIO,
    upTo: 0,
    random: seededRandom(`${seed}/publisher ${index}`),
    message: (number) => messageOf(plan, index, number),
  });
}

function go(): void {
  const startMs = systemClock.monotonicMs();
  ticking = setInterval(() => {
    const due = ((systemClock.monotonicMs() - startMs) * settings.perSecond) / 1000;
    for (const publisher of publishers) publisher.upTo = Math.min(MESSAGES_MAX, Math.floor(due));
  }, TICK_MS);
}

function answer(): void {
  process.send!(publishers.map((publisher) => publisher.stats()) satisfies Qos1PublisherStats[]);
}

function finish(): void {
  clearInterval(ticking);
  for (const publisher of publishers) publisher.finish();
  const waiting = setInterval(() => {
    if (!publishers.every(({ isDrained }) => isDrained)) return;
    clearInterval(waiting);
    answer();
  }, TICK_MS);
}

process.on('message', (request: PublisherRequest) => {
  if (request === 'go') go();
  else if (request === 'stats') answer();
  else finish();
});
process.on('disconnect', () => process.exit());
