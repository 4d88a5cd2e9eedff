import { useEffect, useState } from 'preact/hooks';

export const VIEWS = [
  'overview',
  'kpi',
  'devices',
  'device',
  'u4ssc',
  'quarantine',
  'accounting',
  'jobs',
  'cluster',
] as const;
export type ViewName = (typeof VIEWS)[number];

/** Where the page is: `#/kpi/air-eaqi/harbour?period=7d` is view `kpi`, two names, one option. */
export interface Route {
  readonly view: ViewName;
  readonly names: readonly string[];
  readonly options: URLSearchParams;
}

/** Follows the hash of the address, so that links and the back button work. */
export function useRoute(): Route {
  const [hash, setHash] = useState(window.location.hash);
  useEffect(() => {
    const listener = () => setHash(window.location.hash);
    window.addEventListener('hashchange', listener);
    return () => window.removeEventListener('hashchange', listener);
  }, []);
  return parseHash(hash);
}

export function parseHash(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', ...names] = path.split('/').map(decode);
  const known = VIEWS.find((name) => name === view);
  return { view: known ?? 'overview', names: known === undefined ? [] : names, options: new URLSearchParams(query) };
}

export function link(
  view: ViewName,
  names: readonly string[] = [],
  options: Readonly<Record<string, string>> = {},
): string {
  const query = new URLSearchParams(Object.entries(options).filter(([, value]) => value !== '')).toString();
  return `#/${[view, ...names].map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
}

/** Goes to a place that replaces the present one in the history: for options, which the back button should not collect. */
export function replaceRoute(address: string): void {
  window.history.replaceState(null, '', address);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
