import { useEffect, useRef } from 'preact/hooks';
import { type Route, useRoute } from './data/route.ts';
import { type State, useLiveState } from './data/state.ts';
import { Header } from './parts/header.tsx';
import { Problems } from './parts/problems.tsx';
import { AccountingView } from './views/accounting.tsx';
import { ClusterView } from './views/cluster.tsx';
import { DeviceView } from './views/device.tsx';
import { DevicesView } from './views/devices.tsx';
import { JobsView } from './views/jobs.tsx';
import { KpiView } from './views/kpi.tsx';
import { OverviewView } from './views/overview.tsx';
import { QuarantineView } from './views/quarantine.tsx';
import { U4sscView } from './views/u4ssc.tsx';

/** The whole page: header, problems, and the view that the address names. */
export function App() {
  const route = useRoute();
  const state = useLiveState();
  const main = useRef<HTMLElement>(null);
  useFocusOnNewPlace(route, main);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Header state={state} route={route} />
      <main id="main" ref={main} tabIndex={-1}>
        <Problems state={state} />
        {state.zones === undefined ? <Waiting state={state} /> : <View route={route} state={state} />}
      </main>
    </>
  );
}

function View({ route, state }: { route: Route; state: State }) {
  switch (route.view) {
    case 'kpi':
      return <KpiView route={route} state={state} />;
    case 'devices':
      return <DevicesView route={route} state={state} />;
    case 'device':
      return <DeviceView key={route.names[0]} route={route} state={state} />;
    case 'quarantine':
      return <QuarantineView route={route} state={state} />;
    case 'u4ssc':
      return <U4sscView route={route} state={state} />;
    case 'accounting':
      return <AccountingView state={state} />;
    case 'jobs':
      return <JobsView route={route} />;
    case 'cluster':
      return <ClusterView />;
    default:
      return <OverviewView route={route} state={state} />;
  }
}

function Waiting({ state }: { state: State }) {
  return (
    <div class="empty">
      <h1>City Vitals</h1>
      <p>{state.failure === undefined ? 'Loading the city …' : `${state.failure} Trying again every few seconds.`}</p>
    </div>
  );
}

/** A new view takes the focus and a title of its own, as a page load would. */
function useFocusOnNewPlace(route: Route, main: { current: HTMLElement | null }) {
  const place = `${route.view}/${route.names.join('/')}`;
  const before = useRef(place);
  useEffect(() => {
    const title = main.current?.querySelector('h1')?.textContent ?? 'City Vitals';
    document.title = title === 'City Vitals' ? title : `${title} – City Vitals`;
    if (before.current === place) return;
    before.current = place;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  });
}
