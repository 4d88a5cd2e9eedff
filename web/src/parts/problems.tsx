import type { State } from '../data/state.ts';
import { formatTime } from '../format.ts';

/** What is not well, above everything else: a lost server, and what the server itself reports. */
export function Problems({ state }: { state: State }) {
  const lines = [...lostLine(state), ...(state.accounting?.problems ?? [])];
  return (
    <div role="alert" class={lines.length === 0 ? 'problems none' : 'problems'}>
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}

function lostLine(state: State): string[] {
  if (state.status !== 'lost' || state.zones === undefined) return [];
  return [
    `The server has not answered since ${formatTime(state.statusSinceMs, 'seconds')}. The values below are those of that moment; reconnecting.`,
  ];
}
