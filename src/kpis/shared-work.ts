import type { KpiDevice, KpiWindow } from './definition.ts';

/** What is held for the KPIs of one tick: the days of two cities of meters. */
const REMEMBERED_MAX = 400_000;

/**
 * What several KPIs make of the same device and window is made once a tick: the hours of a meter's day cost far more to
 * look at than the KPIs that are made of them.
 *
 * @param what names the work; all who use one name and start of a window must compute the same
 */
export function remembered<T>(
  what: string,
  device: KpiDevice,
  window: Pick<KpiWindow, 'memo' | 'startMs'>,
  compute: () => T,
): T {
  const { memo } = window;
  if (memo === undefined) return compute();
  const key = `${what}\n${device.device}\n${window.startMs}`;
  const known = memo.get(key);
  if (known !== undefined) return known as T;
  const made = compute();
  if (memo.size >= REMEMBERED_MAX) memo.clear();
  memo.set(key, made);
  return made;
}
