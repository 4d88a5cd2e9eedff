type Settle = (error?: Error) => void;

interface Entry {
  /** The connection that sent it last. */
  connection: object;
  isDone: boolean;
  readonly waiters: Settle[];
}

const OWNERS_MAX = 10_000;
const IDS_PER_OWNER_MAX = 1_000;

/**
 * Which QoS 2 messages were taken over and not yet released by PUBREL, by owner (user and client id) and message id, so
 * that a message sent again is not journaled again (method A of MQTT 3.1.1, figure 4.3). It outlives the connection,
 * because the usual reason to send again is that the connection broke. Bounded: the owner silent for longest is forgotten.
 */
export class Qos2Inbox {
  readonly #owners = new Map<string, Map<number, Entry>>();

  /**
   * Runs `take` unless the message was taken before; calls `settle` when it is taken over (or was).
   * Over connections only a message marked as sent again counts as the same: another session may reuse the id.
   */
  takeOnce(
    owner: string,
    messageId: number,
    sender: { readonly connection: object; readonly isDup: boolean },
    take: (settle: Settle) => void,
    settle: Settle,
  ): void {
    const entries = this.#entriesOf(owner);
    const known = entries.get(messageId);
    if (known !== undefined && (known.connection === sender.connection || sender.isDup)) {
      known.connection = sender.connection;
      if (known.isDone) settle();
      else known.waiters.push(settle);
      return;
    }
    const entry: Entry = { connection: sender.connection, isDone: false, waiters: [settle] };
    if (entries.size >= IDS_PER_OWNER_MAX) entries.delete(entries.keys().next().value!);
    entries.set(messageId, entry);
    take((error) => {
      if (error === undefined) entry.isDone = true;
      else if (entries.get(messageId) === entry) entries.delete(messageId);
      for (const waiter of entry.waiters.splice(0)) waiter(error);
    });
  }

  /** PUBREL came: the id is free again. */
  release(owner: string, messageId: number): void {
    const entries = this.#owners.get(owner);
    if (entries?.get(messageId)?.isDone !== true) return;
    entries.delete(messageId);
    if (entries.size === 0) this.#owners.delete(owner);
  }

  /** The owner began a clean session. */
  forget(owner: string): void {
    this.#owners.delete(owner);
  }

  #entriesOf(owner: string): Map<number, Entry> {
    const entries = this.#owners.get(owner) ?? new Map<number, Entry>();
    this.#owners.delete(owner);
    if (this.#owners.size >= OWNERS_MAX) this.#owners.delete(this.#owners.keys().next().value!);
    this.#owners.set(owner, entries);
    return entries;
  }
}
