import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../data/api.ts';

export interface Loaded<Data> {
  readonly data: Data | undefined;
  readonly error: string | undefined;
  readonly isLoading: boolean;
}

/**
 * Loads when the key changes; what was there stays until the new data comes, and an answer that is overtaken is dropped.
 *
 * @param key says all that `load` depends on; undefined loads nothing
 */
export function useLoaded<Data>(key: string | undefined, load: () => Promise<Data>): Loaded<Data> {
  const [loaded, setLoaded] = useState<Loaded<Data>>({
    data: undefined,
    error: undefined,
    isLoading: key !== undefined,
  });
  // The key stands for what load closes over
  useEffect(() => {
    if (key === undefined) return;
    let isWanted = true;
    setLoaded((before) => ({ ...before, isLoading: true }));
    load().then(
      (data) => isWanted && setLoaded({ data, error: undefined, isLoading: false }),
      (error: unknown) => isWanted && setLoaded({ data: undefined, error: messageOf(error), isLoading: false }),
    );
    return () => {
      isWanted = false;
    };
  }, [key]);
  return loaded;
}

/** What can be shown of a failure. */
export function messageOf(error: unknown): string {
  return error instanceof ApiError ? error.message : `This cannot be shown: ${String(error)}`;
}
