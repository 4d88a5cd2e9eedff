import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../data/api.ts';
import { type Loaded, messageOf } from './use-loaded.ts';

const FORBIDDEN = 403;

export interface Polled<Data> extends Loaded<Data> {
  /** Loads now. */
  readonly reload: () => void;
}

/**
 * Loads when the key changes and again and again while the page is seen; what was there stays until new data comes, also
 * when the server cannot be reached for a while. What is forbidden is not asked for again: each time is written down.
 *
 * @param key says all that `load` depends on
 * @param waitMs how long to wait after an answer, ms; undefined when nothing has come yet
 */
export function usePolled<Data>(
  key: string,
  load: () => Promise<Data>,
  waitMs: (data: Data | undefined) => number,
): Polled<Data> {
  const [loaded, setLoaded] = useState<Loaded<Data>>({ data: undefined, error: undefined, isLoading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isWanted = true;
    let timer: number | undefined;
    let asked = 0;
    const look = async () => {
      window.clearTimeout(timer);
      if (document.hidden) return;
      asked++;
      const mine = asked;
      const again = (afterMs: number) => {
        timer = window.setTimeout(look, afterMs);
      };
      try {
        const data = await load();
        if (!isWanted || mine !== asked) return;
        setLoaded({ data, error: undefined, isLoading: false });
        again(waitMs(data));
      } catch (error) {
        if (!isWanted || mine !== asked) return;
        setLoaded(({ data }) => ({ data, error: messageOf(error), isLoading: false }));
        if (!(error instanceof ApiError && error.status === FORBIDDEN)) again(waitMs(undefined));
      }
    };
    void look();
    document.addEventListener('visibilitychange', look);
    return () => {
      isWanted = false;
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [key, turn]);
  return { ...loaded, reload: () => setTurn((before) => before + 1) };
}
