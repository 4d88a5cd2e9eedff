import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/base/index.ts';
import type { JournalReader, JournalRecord, JournalWriter } from '../../../src/journal/index.ts';
import { openLocalJournalReader } from '../../../src/journal/local/index.ts';
import type { KpiDefinition } from '../../../src/kpis/index.ts';
import type { Accounting, Message } from '../../../src/model/index.ts';
import { Random } from '../../unit/journal/support/random.ts';
import { CITY, DEVICES, drawKpis, newPipeline } from './city.ts';
import { SimulatedDisk } from './disk.ts';
import { Gateway, Sensors } from './gateways.ts';
import { JOURNAL_FOLDER, Life } from './life.ts';
import { meaningKey } from './oracle.ts';
import { Scheduler } from './scheduler.ts';
import { SimulatedStore } from './store.ts';

const START_MS = Date.UTC(2026, 2, 28, 18);
const STEPS_MAX = 40_000;
/** Marks at the end until all that came late is rebuilt. */
const LAST_MARKS_MAX = 60;

/** A city, its machine and its weather, all of it drawn from one seed. */
export class World {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly disk: SimulatedDisk;
  readonly store: SimulatedStore;
  readonly kpis: readonly KpiDefinition[];
  readonly sensors: Sensors;
  /** Every record that was ever durable. */
  readonly history: JournalRecord[] = [];
  readonly trace: string[] = [];
  /** How often what happened. */
  readonly tally = new Map<string, number>();
  accounting: Accounting | undefined;
  readonly #gateways: readonly Gateway[];
  readonly #lengthMs: number;
  readonly #clock = { nowMs: () => this.#wallMs(), monotonicMs: () => this.scheduler.nowMs };
  /** Acknowledged and not yet looked up in the history. */
  readonly #acknowledged = new Map<number, string>();
  #wallOffsetMs = 0;
  #lateWaiting = 0;
  #isOver = false;
  #life: Life | undefined;
  /** Looks at the disk from outside, at once. */
  #reader: JournalReader;
  #error: unknown;

  constructor(seed: number) {
    const random = new Random(seed);
    this.random = random;
    this.scheduler = new Scheduler(random);
    this.disk = new SimulatedDisk(this.scheduler, random);
    this.store = new SimulatedStore(this.scheduler, random);
    this.kpis = drawKpis(random);
    this.#reader = this.#openReader();
    this.#gateways = ['g1', 'g2'].map((name) => new Gateway(name, this.scheduler, random, (what) => this.count(what)));
    const odds = (most: number) => (random.chance(0.5) ? 0 : most * random.next());
    this.sensors = new Sensors(this.#gateways, random, {
      ...{ ahead: odds(0.2), old: odds(0.1), bad: odds(0.2) },
      ...{ twice: odds(0.3), again: odds(0.2), conflict: odds(0.1) },
    });
    this.#lengthMs = (2 + random.integer(5)) * HOUR_MS;
    this.disk.shortWrites = odds(0.3);
    this.store.lostAnswers = odds(0.3);
  }

  /** Lets it all happen, then lets the faults stop and everything come to rest. */
  async run(): Promise<void> {
    this.#start();
    this.#planFaults();
    for (const index of DEVICES.keys()) this.#speakOften(index);
    this.#every(CITY.windows.tick, () => this.#life?.mark());
    this.#every(HOUR_MS / 2, () => this.#trim());
    this.#every(MINUTE_MS, () => this.#connect());
    await this.#until(() => this.scheduler.nowMs >= this.#lengthMs, 'the hours to pass');
    this.#heal();
    await this.#comeToRest();
  }

  tell(text: string): void {
    const minutes = (this.scheduler.nowMs / MINUTE_MS).toFixed(1);
    this.trace.push(`${minutes.padStart(7)} min  ${text}`);
  }

  count(what: string, by = 1): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + by);
  }

  /** The machine dies and comes back: whatever was on its way must not be missed afterwards. */
  async crashAndSettle(): Promise<void> {
    this.#crash(true);
    await this.#comeToRest();
  }

  async #comeToRest(): Promise<void> {
    await this.#until(() => this.#life?.reception !== undefined, 'the last start');
    await this.#until(() => this.#gateways.every(({ isDone }) => isDone), 'all to be acknowledged');
    await this.#settle();
    await this.#rememberHistory(this.#life!.journal!);
  }

  /** What was measured, journaled and read is in the store, and no late reading waits. */
  async #settle(): Promise<void> {
    for (let marks = 0; marks < LAST_MARKS_MAX; marks++) {
      const before = this.#life?.journal?.durableSequence() ?? 0;
      this.scheduler.after(MINUTE_MS, this, () => this.#life?.mark());
      await this.#until(() => this.#isLevel(before), 'the store to be level with the journal');
      if (marks > 2 && this.#lateWaiting === 0) return;
    }
    throw new Error(`${this.#lateWaiting} late readings are never rebuilt`);
  }

  #isLevel(before: number): boolean {
    const durable = this.#life?.journal?.durableSequence() ?? 0;
    return durable > before && this.store.position === durable && this.accounting?.sequence === durable;
  }

  async #until(isSo: () => boolean, what: string): Promise<void> {
    for (let steps = 0; !isSo(); steps++) {
      if (steps > STEPS_MAX) throw new Error(`it waited for ${what} in vain`);
      await this.scheduler.step();
      if (this.#error !== undefined) throw this.#error;
    }
  }

  #every(everyMs: number, run: () => void): void {
    this.scheduler.after(everyMs, this, () => {
      run();
      this.#every(everyMs, run);
    });
  }

  #speakOften(index: number): void {
    this.scheduler.after((5 + this.random.integer(20)) * MINUTE_MS, this, () => {
      if (this.#isOver) return;
      this.sensors.speak(index, START_MS + Math.floor(this.scheduler.nowMs));
      this.#speakOften(index);
    });
  }

  /** Everything at times of its own, so that every two things meet in some run. */
  #planFaults(): void {
    const { random } = this;
    const soon = () => random.next() * HOUR_MS;
    this.#plan(1 + random.integer(3), () => this.#crashSoon());
    this.#plan(random.integer(2), () => this.#stop());
    this.#plan(random.integer(3), () => random.pick(this.#gateways).disconnect());
    this.#plan(random.integer(2), () => {
      this.#wallOffsetMs += Math.floor((random.next() - 0.5) * random.pick([MINUTE_MS, HOUR_MS, 24 * HOUR_MS]));
      this.tell(`the clock is ${Math.round(this.#wallOffsetMs / SECOND_MS)} s off`);
    });
    this.#plan(random.integer(2), () => {
      this.store.refusesUntilMs = this.scheduler.nowMs + 2 * soon();
      this.tell('the store refuses');
    });
    this.#plan(random.integer(2), () => {
      this.disk.storage.faults.roomBytes = random.integer(600);
      this.tell('the disk is full');
      this.scheduler.after(soon(), this, () => delete this.disk.storage.faults.roomBytes);
    });
    this.#plan(random.integer(2), () => {
      this.disk.failsNextSync = true;
    });
    this.#plan(random.integer(2), () => {
      this.disk.slowness = 1 + random.integer(1_000);
      this.scheduler.after(soon(), this, () => {
        this.disk.slowness = 1;
      });
    });
    this.#plan(random.integer(2), () => {
      const gateway = random.pick(this.#gateways);
      gateway.disconnect();
      gateway.awayUntilMs = this.scheduler.nowMs + 4 * soon();
      this.tell(`${gateway.name} is away`);
    });
  }

  #plan(count: number, run: () => void): void {
    for (let left = count; left > 0; left--) {
      this.scheduler.after(this.random.next() * this.#lengthMs, this, () => {
        if (!this.#isOver) run();
      });
    }
  }

  /** From here on all is well; what runs is left in peace. */
  #heal(): void {
    this.#isOver = true;
    this.tell('the faults stop');
    this.disk.shortWrites = 0;
    this.disk.slowness = 1;
    this.disk.failsNextSync = false;
    delete this.disk.storage.faults.roomBytes;
    this.store.refusesUntilMs = 0;
    this.store.lostAnswers = 0;
    this.#wallOffsetMs = 0;
    for (const gateway of this.#gateways) gateway.awayUntilMs = 0;
  }

  #wallMs(): number {
    return START_MS + Math.floor(this.scheduler.nowMs) + this.#wallOffsetMs;
  }

  #start(): void {
    const life: Life = new Life({
      ...{
        scheduler: this.scheduler,
        clock: this.#clock,
        newPipeline: () => newPipeline(this.kpis, this.store.seriesKnown),
      },
      store: this.store,
      onJournal: (journal) => this.#checkJournal(journal),
      onAcknowledged: (sequence, message) => this.#remember(sequence, message),
      onTick: ({ accounting, late }) => {
        this.accounting = accounting;
        this.#lateWaiting = late.waiting;
      },
      onJournalFailed: ({ message }) => {
        this.tell(message);
        this.count('failed syncs');
        this.scheduler.after(MINUTE_MS, life, () => this.#crash(false));
      },
      onWarning: (text) => this.#warn(text),
      count: (what) => this.count(what),
      onBroken: (error) => {
        this.#error = error;
      },
    });
    this.#life = life;
    this.tell('the product starts');
    life.open(this.disk.mount(life), this.store.mount(life)).catch((error: unknown) => this.#failStart(life, error));
  }

  /** A start that finds the disk broken or full ends, and whoever watches over the process starts it again. */
  #failStart(life: Life, error: unknown): void {
    const code = (error as { code?: string }).code ?? '';
    if (code === 'EIO' || code === 'ENOSPC') this.scheduler.after(MINUTE_MS, life, () => this.#crash(false));
    else this.#error = error;
  }

  /** Most often while the disk is at work, which is seldom otherwise. */
  #crashSoon(): void {
    const crash = (): void => {
      if (!this.#isOver) this.#crash(this.random.chance(0.6));
    };
    if (this.random.chance(0.2)) {
      crash();
      return;
    }
    this.disk.operationsLeft = 1 + this.random.integer(this.random.pick([5, 30]));
    this.disk.onLast = crash;
  }

  /** @param isPowerLost the machine dies, with what it had not synced; otherwise the process alone */
  #crash(isPowerLost: boolean): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.count(isPowerLost ? 'power losses' : 'kills');
    if ((life.journal?.stats().blockedTotal ?? 0) > 0) this.count('full disks');
    this.tell(isPowerLost ? 'the power is lost' : 'the process is killed');
    for (const gateway of this.#gateways) gateway.disconnect();
    this.scheduler.drop(life);
    this.#reader = this.#openReader();
    if (isPowerLost) this.disk.storage.powerLoss(this.random);
    this.scheduler.after(this.random.next() * 10 * MINUTE_MS, this, () => this.#start());
  }

  #stop(): void {
    const life = this.#life;
    if (life?.reception === undefined) return;
    this.tell('the product is stopped');
    for (const gateway of this.#gateways) gateway.disconnect();
    void life.close().then(() => {
      if (this.#life === life) this.#crash(false);
    });
  }

  #connect(): void {
    const reception = this.#life?.reception;
    if (reception === undefined || this.#life?.hasFailed === true) return;
    for (const gateway of this.#gateways) gateway.connect(reception);
  }

  #trim(): void {
    const { journal, hasFailed } = this.#life ?? {};
    if (journal === undefined || hasFailed === true) return;
    void this.#rememberHistory(journal)
      .then(() => journal.trim(this.#wallMs()))
      .then((freedBytes) => freedBytes > 0 && this.count('trims'))
      .catch((error: unknown) => this.tell(`nothing is trimmed: ${error}`));
  }

  #warn(text: string): void {
    this.tell(text);
    // A snapshot that was whole must be found whole, whatever happened since.
    if (!text.includes('could not be written')) this.#error = new Error(text);
  }

  #remember(sequence: number, message: Message): void {
    this.count('acknowledged');
    this.#acknowledged.set(sequence, meaningKey(message));
  }

  /** What was durable before is there, byte for byte, and so is all that was acknowledged. */
  async #checkJournal(journal: JournalWriter): Promise<void> {
    const durable = journal.durableSequence();
    this.tell(`the journal holds records up to ${durable}`);
    if ((journal.stats().tailBytesCut ?? 0) > 0) this.count('torn tails');
    if (durable < this.history.length) throw new Error(`records ${durable + 1} to ${this.history.length} are lost`);
    const { firstSequence } = journal.stats();
    for (const record of await this.#read(Math.max(0, firstSequence - 1), this.history.length)) {
      if (textOf(record) === textOf(this.history[record.sequence - 1]!)) continue;
      throw new Error(`record ${record.sequence} was ${textOf(this.history[record.sequence - 1]!)}`);
    }
    await this.#rememberHistory(journal);
    for (const sequence of this.#acknowledged.keys())
      throw new Error(`record ${sequence} was acknowledged and is lost`);
  }

  async #rememberHistory(journal: JournalWriter): Promise<void> {
    for (const record of await this.#read(this.history.length, journal.durableSequence())) {
      if (record.sequence !== this.history.length + 1) continue;
      this.history.push(record);
      const acknowledged = this.#acknowledged.get(record.sequence);
      if (acknowledged !== undefined && record.kind === 'message' && acknowledged !== meaningKey(record.message)) {
        throw new Error(`record ${record.sequence} is not what was acknowledged`);
      }
      this.#acknowledged.delete(record.sequence);
    }
    journal.setConsumerPosition('history', this.history.length);
  }

  #openReader(): JournalReader {
    return openLocalJournalReader({ folder: JOURNAL_FOLDER, fs: this.disk.storage });
  }

  async #read(after: number, upTo: number): Promise<readonly JournalRecord[]> {
    return this.#reader.read(after, upTo, Number.POSITIVE_INFINITY);
  }
}

function textOf(record: JournalRecord): string {
  if (record.kind === 'mark') return `mark ${record.atMs}`;
  if (record.kind === 'hours') return `hours ${record.hours.series.join()} ${record.hours.startMs.join()}`;
  const { topic, payload, payloadBytes, clientId, receivedAtMs, flags } = record.message;
  return [topic, Buffer.from(payload).toString('latin1'), payloadBytes, clientId, receivedAtMs, flags].join(' ');
}
