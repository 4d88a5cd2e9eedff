import { no2, o3, pm25, streetLevelDb, temperatureC, weather } from './curves.ts';
import { type DeviceFamily, rounded, scatter, serial } from './device.ts';
import { uniformAt } from './noise.ts';

/** Sensor.Community airRohr: all numbers are text, no time, every 145 s; every fourth has a DNMS noise sensor. */
export const airRohr: DeviceFamily = (site) => {
  const chip = `esp8266-${1_000_000 + site.index}`;
  const hasNoise = site.index % 4 === 0;
  return {
    facts: {
      id: `airrohr:${chip}`,
      family: 'airrohr',
      zone: site.zone,
      role: 'ambient',
      peopleServed: 0,
      everyMs: 145_000,
      hasRegister: false,
    },
    phaseMs: site.seed % 145_000,
    turn: (turn) => {
      const fine = scatter(pm25(turn.moment, site.citySeed), 0.12, site, turn, 1);
      const coarse = fine * 1.5 + 6 * site.busy;
      const level =
        streetLevelDb(turn.moment, site.busy) +
        1.5 * (uniformAt(site.seed, Math.floor(turn.moment.atMs / 145_000), 4) - 0.5);
      const values: [string, string][] = turn.noValue
        ? [
            ['SPS30_P1', 'nan'],
            ['SPS30_P2', 'nan'],
          ]
        : [
            ['SDS_P1', coarse.toFixed(2)],
            ['SDS_P2', fine.toFixed(2)],
          ];
      values.push(['temperature', temperatureC(turn.moment, site.citySeed).toFixed(2)]);
      values.push(['humidity', (55 + 35 * weather(turn.moment, site.citySeed + 1)).toFixed(2)]);
      if (hasNoise) {
        values.push(['DNMS_noise_LAeq', level.toFixed(2)]);
        values.push(['DNMS_noise_LA_min', (level - 9).toFixed(2)]);
        values.push(['DNMS_noise_LA_max', (level + 14).toFixed(2)]);
      }
      values.push(['interval', '145000'], ['signal', String(-50 - (site.seed % 40))]);
      const sensordatavalues = values.map(([value_type, value]) => ({ value_type, value }));
      const payload = JSON.stringify({ esp8266id: chip.slice(8), software_version: 'NRZ-2024-135', sensordatavalues });
      return [{ topic: `airrohr/${chip}`, payload }];
    },
  };
};

/** AirGradient: numbers, no time, every minute; a key is left out when its sensor has no value. */
export const airGradient: DeviceFamily = (site) => {
  const id = serial(site, '84fce6', 12);
  return {
    facts: {
      id: `airgradient:${id}`,
      family: 'airgradient',
      zone: site.zone,
      role: 'ambient',
      peopleServed: 0,
      everyMs: 60_000,
      hasRegister: false,
    },
    phaseMs: site.seed % 60_000,
    turn: (turn) => {
      const fine = scatter(pm25(turn.moment, site.citySeed), 0.08, site, turn, 1);
      const air = {
        pm01: rounded(fine * 0.65, 2),
        pm02: rounded(fine, 2),
        pm10: rounded(fine * 1.35 + 4 * site.busy, 2),
        pm003Count: Math.round(fine * 55),
      };
      const body = {
        wifi: -40 - (site.seed % 45),
        serialno: id,
        rco2: Math.round(scatter(425, 0.01, site, turn, 2)),
        ...(turn.noValue ? {} : air),
        atmp: rounded(temperatureC(turn.moment, site.citySeed) + 1.4, 2),
        atmpCompensated: rounded(temperatureC(turn.moment, site.citySeed), 2),
        rhum: rounded(50 + 35 * weather(turn.moment, site.citySeed + 1), 2),
        tvocIndex: Math.round(scatter(100, 0.2, site, turn, 3)),
        noxIndex: 1,
        boot: Math.floor(turn.moment.atMs / 60_000) % 10_000,
        firmware: '3.1.3',
        model: 'O-1PST',
      };
      return [{ topic: `airgradient/readings/${id}`, payload: JSON.stringify(body) }];
    },
  };
};

const STEPS = 5;
const STEP_S = 60;

/** A gas and weather station behind a gateway: one SenML pack (RFC 8428) every five minutes with five values each. */
export const senmlStation: DeviceFamily = (site) => {
  const gateway = `gw-${String(Math.floor(site.index / 8)).padStart(3, '0')}`;
  const device = `station-${String(site.index).padStart(4, '0')}`;
  return {
    facts: {
      id: device,
      family: 'senml',
      zone: site.zone,
      role: 'ambient',
      peopleServed: 0,
      everyMs: STEPS * STEP_S * 1000,
      hasRegister: false,
    },
    phaseMs: site.seed % (STEPS * STEP_S * 1000),
    turn: (turn) => {
      const records: Record<string, unknown>[] = [];
      for (let step = STEPS - 1; step >= 0; step--) {
        const t = -step * STEP_S;
        const nitrogen = scatter(no2(turn.moment, site.citySeed) * (0.5 + site.busy), 0.06, site, turn, 10 + step);
        const ozone = scatter(o3(turn.moment, site.citySeed), 0.04, site, turn, 20 + step);
        records.push({ n: 'no2', u: 'ug/m3', t, ...(turn.noValue ? { vs: 'nan' } : { v: rounded(nitrogen, 1) }) });
        records.push({ n: 'o3', u: 'ug/m3', t, v: rounded(ozone, 1) });
      }
      records.push({ n: 'temperature', u: 'Cel', t: 0, v: rounded(temperatureC(turn.moment, site.citySeed), 1) });
      records.push({
        n: 'pressure',
        u: 'hPa',
        t: 0,
        v: rounded(1005 + 18 * weather(turn.moment, site.citySeed + 3), 1),
      });
      const pack = [{ bn: `urn:dev:sim:${device}:`, bt: turn.stampMs / 1000, ...records[0] }, ...records.slice(1)];
      return [{ topic: `in/${gateway}/${device}/data`, payload: JSON.stringify(pack) }];
    },
  };
};

/** Cesva TA120, a class 1 meter: LAeq of the minute, and its sixty seconds packed into one text (Sentilo body). */
export const cesvaTa120: DeviceFamily = (site) => {
  const number = `T${String(240_000 + site.index)}`;
  return {
    facts: {
      id: `cesva:${number}`,
      family: 'cesva',
      zone: site.zone,
      role: 'ambient',
      peopleServed: 0,
      everyMs: 60_000,
      hasRegister: false,
    },
    phaseMs: 59_000,
    turn: (turn) => {
      const minute = Math.floor(turn.moment.atMs / 60_000);
      const level = streetLevelDb(turn.moment, site.busy);
      const seconds = Array.from({ length: 60 }, (_, at) => {
        const passing = uniformAt(site.seed, minute * 60 + at, 1) < 0.06 ? 9 : 0;
        return level - 2 + passing + 2 * uniformAt(site.seed, minute * 60 + at, 2);
      });
      const energy = seconds.reduce((sum, one) => sum + 10 ** (one / 10), 0) / seconds.length;
      const iso = secondsAt59(turn.stampMs);
      const timestamp = `${iso.slice(8, 10)}/${iso.slice(5, 7)}/${iso.slice(0, 4)}T${iso.slice(11, 19)}UTC`;
      const sensor = (suffix: string, value: string) => ({
        sensor: `TA120-${number}-${suffix}`,
        observations: [{ value, timestamp }],
      });
      const packed = seconds.map((one) => `${one.toFixed(1).padStart(5, '0')},0,0`).join(';');
      const laeq = turn.noValue ? 'nan' : (10 * Math.log10(energy)).toFixed(1);
      const sensors = [sensor('N', laeq), sensor('O', 'false'), sensor('U', 'false'), sensor('S', packed)];
      return [{ topic: 'http/sentilo/sim', payload: JSON.stringify({ sensors }) }];
    },
  };
};

/** The stamp of a minute is its last second. */
function secondsAt59(atMs: number): string {
  return new Date(Math.floor(atMs / 60_000) * 60_000 + 59_000).toISOString();
}
