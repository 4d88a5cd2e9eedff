import { stringify } from 'yaml';
import { DAY_MS, formatDuration } from '../../src/base/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import type { Mapping } from '../replay/index.ts';
import type { Survey } from './survey.ts';

/**
 * A city for one recording: its clock is the recording's, and nothing is too late, so that any order of arrival must
 * give the same result.
 *
 * @returns the text of a city.yaml
 */
export function cityForRecording(recording: string, mapping: Mapping, survey: Survey): string {
  const lengthMs = Math.ceil((survey.newestMs - survey.oldestMs) / DAY_MS + 2) * DAY_MS;
  const length = formatDuration(lengthMs);
  const city: CityFile = {
    city: { id: 'verify', name: `Check of ${recording}`, timeZone: mapping.calendar },
    devices: [{ match: `${recording}:*`, role: mapping.role }],
    windows: { clock: 'event', lateness: length, horizon: length },
    log: { level: 'warn' },
  };
  return stringify(city);
}
