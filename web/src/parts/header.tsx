import { useEffect, useRef } from 'preact/hooks';
import { link, type Route } from '../data/route.ts';
import { type State, serverNowMs, toMs } from '../data/state.ts';
import { formatAge, formatNumber, formatTime, timeZoneName } from '../format.ts';
import { chooseTheme, currentTheme, THEMES, type Theme, useThemeVersion } from '../theme.ts';

const STALE_MS = 15_000;

const TABS = [
  { view: 'overview', label: 'Overview', of: ['overview', 'kpi'] },
  { view: 'u4ssc', label: 'U4SSC', of: ['u4ssc'] },
  { view: 'devices', label: 'Devices', of: ['devices', 'device'] },
  { view: 'quarantine', label: 'Quarantine', of: ['quarantine'] },
  { view: 'accounting', label: 'Accounting', of: ['accounting'] },
  { view: 'jobs', label: 'Jobs', of: ['jobs'] },
] as const;

/** One process has nothing to say there. */
const SPREAD_TAB = { view: 'cluster', label: 'Cluster', of: ['cluster'] } as const;

/** City, views, and how alive the data is. */
export function Header({ state, route }: { state: State; route: Route }) {
  const tabs = useRef<HTMLElement>(null);
  // Where they do not all fit, the chosen one is in sight.
  useEffect(
    () => tabs.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }),
    [route.view, state.isSpread],
  );
  return (
    <header class="top">
      <div class="brand">
        <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
          <rect width="32" height="32" rx="7" class="mark-ground" />
          <path d="M4 18h6l3-9 5 15 4-10 2 4h4" class="mark-line" />
        </svg>
        <a href={link('overview')}>
          <span class="city">{state.zones?.city.name ?? 'City Vitals'}</span>
          {state.zones === undefined ? null : <span class="product">City Vitals</span>}
        </a>
      </div>
      <nav ref={tabs} class="tabs" aria-label="Views">
        {[...TABS, ...(state.isSpread ? [SPREAD_TAB] : [])].map((tab) => (
          <a
            key={tab.view}
            href={link(tab.view)}
            aria-current={tab.of.some((view) => view === route.view) ? 'page' : undefined}
          >
            {tab.label}
          </a>
        ))}
      </nav>
      <div class="pulse">
        <Liveness state={state} />
        {state.accounting === undefined ? null : (
          <span class="rate" title="Messages received per second">
            {formatNumber(state.accounting.rates.messagesPerSecond, 1)} <small>msg/s</small>
          </span>
        )}
        {state.zones === undefined ? null : (
          <span class="clock">
            {formatTime(serverNowMs(), 'seconds')} <small>{timeZoneName(serverNowMs())}</small>
          </span>
        )}
        <ThemeChoice />
      </div>
    </header>
  );
}

function Liveness({ state }: { state: State }) {
  const { word, tone, detail } = liveness(state);
  return (
    <span class={`live ${tone}`}>
      <span class="dot" aria-hidden="true" />
      <span role="status">{word}</span>
      <small>{detail}</small>
    </span>
  );
}

function liveness(state: State): { word: string; tone: string; detail: string } {
  if (state.status === 'connecting') return { word: 'Connecting', tone: 'stale', detail: '' };
  if (state.status === 'lost')
    return { word: 'Disconnected', tone: 'lost', detail: `since ${formatTime(state.statusSinceMs, 'seconds')}` };
  const quietMs = Date.now() - Math.max(state.lastEventMs, state.statusSinceMs);
  if (quietMs > STALE_MS) return { word: 'Stale', tone: 'stale', detail: `no update for ${formatAge(quietMs)}` };
  const newestMs = newestReceivedMs(state);
  return {
    word: 'Live',
    tone: 'good',
    detail: newestMs === undefined ? 'no data yet' : `data ${formatAge(serverNowMs() - newestMs)} old`,
  };
}

function newestReceivedMs(state: State): number | undefined {
  let newest = '';
  for (const { lastReceived } of state.devices.values())
    if (lastReceived !== null && lastReceived > newest) newest = lastReceived;
  return newest === '' ? undefined : toMs(newest);
}

function ThemeChoice() {
  useThemeVersion();
  return (
    <select
      class="theme"
      aria-label="Colours"
      value={currentTheme()}
      onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}
    >
      {THEMES.map((theme) => (
        <option key={theme} value={theme}>
          {theme === 'system' ? 'Auto' : theme === 'light' ? 'Light' : 'Dark'}
        </option>
      ))}
    </select>
  );
}
