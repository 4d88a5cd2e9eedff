import type { Reject } from '../model/index.ts';
import type { QuarantineRow } from '../store/index.ts';
import type { ReceivedMessage } from './engine-record.ts';

/** Of a payload that a row shows. */
export const HEAD_BYTES_MAX = 256;

/** A refused message (`index` -1) or reading, with the head of the payload as text that no terminal or page obeys. */
export function quarantineRow(
  sequence: number,
  index: number,
  message: ReceivedMessage,
  reject: Reject,
): QuarantineRow {
  return {
    sequence,
    index,
    receivedAtMs: message.receivedAtMs,
    reason: reject.reason,
    detail: reject.detail,
    topic: message.topic,
    clientId: message.clientId,
    device: reject.device,
    payloadBytes: message.payloadBytes,
    payloadHead: headOf(message.payload),
  };
}

function headOf(payload: Uint8Array): string {
  const text = decoder.decode(payload.subarray(0, HEAD_BYTES_MAX));
  const escaped = text.replace(/\p{Cc}|\p{Cf}|\p{Cs}/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
  return escaped.length > HEAD_BYTES_MAX ? `${escaped.slice(0, HEAD_BYTES_MAX - 1)}\u2026` : escaped;
}

const decoder = new TextDecoder('utf-8');
