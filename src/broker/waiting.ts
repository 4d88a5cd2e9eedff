/**
 * Heap that a message which waits for the journal takes beside its topic and payload, bytes: the message, the callbacks of
 * its answer and its places in lists, measured at about 500. Without it a bound in bytes would let a hundred times as much
 * memory be taken by messages of a few bytes.
 */
export const WAITING_MESSAGE_BYTES = 512;
