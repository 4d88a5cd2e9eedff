/** Topics that the product publishes itself; everybody who may connect may read them, nobody else may write them. */
export const VIEW_PREFIX = 'kpi';

/** Printable ASCII without wildcards: what nearly every topic is made of. */
const PLAIN_TOPIC = /^[\x20-\x22\x24-\x2a\x2c-\x7e]*$/;
// U+FFFD stands where the bytes were no valid UTF-8 [MQTT-1.5.3-1]; NUL and control characters: [MQTT-1.5.3-2], 1.5.3.
// Characters that are not seen, or that turn the others round, could make one topic look like another.
const BAD_TOPIC = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Variation_Selector}\ufffd#+]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const BAD_CLIENT_ID = /[\u0000-\u001f\u007f-\u009f\ufffd]/;
const CLIENT_ID_BYTES_MAX = 256;

/** Why a topic may not be published to, or undefined when it may. `$` topics belong to the broker [MQTT-4.7.2]. */
export function topicProblem(topic: string, bytesMax: number): string | undefined {
  if (topic.length === 0) return 'the topic is empty';
  if (topic.length > bytesMax || Buffer.byteLength(topic) > bytesMax)
    return `the topic is longer than ${bytesMax} bytes`;
  if (topic.charCodeAt(0) === 36) return 'topics that start with $ belong to the broker';
  if (PLAIN_TOPIC.test(topic)) return undefined;
  if (BAD_TOPIC.test(topic)) return 'the topic holds a character that is not seen, a wildcard or invalid UTF-8';
  return topic.normalize('NFC') === topic ? undefined : 'the topic is not in the composed form of Unicode (NFC)';
}

/** Client ids go into the journal and the logs. */
export function clientIdProblem(clientId: string): string | undefined {
  if (Buffer.byteLength(clientId) > CLIENT_ID_BYTES_MAX)
    return `the client id is longer than ${CLIENT_ID_BYTES_MAX} bytes`;
  return BAD_CLIENT_ID.test(clientId) ? 'the client id holds a control character or invalid UTF-8' : undefined;
}

/** Whether every topic that the wanted filter can match is matched by the allowed one too. */
export function filterCovers(allowed: readonly string[], wanted: readonly string[]): boolean {
  if (wanted[0]?.startsWith('$') === true && (allowed[0] === '#' || allowed[0] === '+')) return false;
  for (let level = 0; level < allowed.length; level++) {
    const rule = allowed[level];
    if (rule === '#') return true;
    const part = wanted[level];
    if (part === undefined || part === '#' || (rule !== '+' && rule !== part)) return false;
  }
  return allowed.length === wanted.length;
}
