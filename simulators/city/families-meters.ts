import { HOUR_MS } from '../../src/base/index.ts';
import { householdPowerW, sun, waterDemand, weather } from './curves.ts';
import { type DeviceFamily, rounded, type Site, scatter, secondsText, serial, type Turn } from './device.ts';
import { uniformAt } from './noise.ts';

/** Mean demand of one person, m3/h (120 litres a day). */
const WATER_M3_PER_HEAD_HOUR = 0.12 / 24;

function peopleOf(site: Site): number {
  return 1 + Math.floor(uniformAt(site.seed, 0, 9) * 4);
}

function powerOf(site: Site, turn: Turn): number {
  const people = peopleOf(site);
  return scatter(householdPowerW(turn.moment) * (0.4 + 0.25 * people), 0.25, site, turn, 1, 35);
}

/** Tasmota plug or meter: local time without offset, a register in kWh, every five minutes. */
export const tasmotaMeter: DeviceFamily = (site) => {
  const name = `meter-${String(site.index).padStart(4, '0')}`;
  let totalKwh = 200 + 3000 * uniformAt(site.seed, 1, 9);
  return {
    facts: {
      id: `tasmota:${name}`,
      family: 'tasmota',
      zone: site.zone,
      role: 'customer',
      peopleServed: peopleOf(site),
      everyMs: 300_000,
      hasRegister: true,
    },
    phaseMs: site.seed % 300_000,
    turn: (turn) => {
      const powerW = powerOf(site, turn);
      totalKwh = turn.resetRegister ? 0 : totalKwh + (powerW / 1000) * (turn.elapsedMs / HOUR_MS);
      const voltage = rounded(scatter(230, 0.006, site, turn, 2), 0);
      const body = {
        Time: secondsText(turn.localStampMs),
        ENERGY: {
          TotalStartTime: '2024-01-01T00:00:00',
          Total: rounded(totalKwh, 3),
          Power: turn.noValue ? null : Math.round(powerW),
          ApparentPower: Math.round(powerW / 0.95),
          Factor: 0.95,
          Voltage: voltage,
          Current: rounded(powerW / 0.95 / voltage, 3),
        },
      };
      return [{ topic: `tele/${name}/SENSOR`, payload: JSON.stringify(body) }];
    },
  };
};

/** Shelly Pro 3EM of a house with photovoltaics on every second: two topics, registers in Wh, no time, every minute. */
export const shellyEm: DeviceFamily = (site) => {
  const name = `shellypro3em-${serial(site, 'aabb', 12)}`;
  const peakW = site.index % 2 === 0 ? 6000 : 0;
  let importWh = 4e6 * uniformAt(site.seed, 1, 9);
  let exportWh = peakW > 0 ? 2e6 * uniformAt(site.seed, 2, 9) : 0;
  return {
    facts: {
      id: `shelly:${name}`,
      family: 'shelly',
      zone: site.zone,
      role: 'customer',
      peopleServed: peopleOf(site),
      everyMs: 60_000,
      hasRegister: true,
    },
    phaseMs: site.seed % 60_000,
    turn: (turn) => {
      const generatedW = peakW * sun(turn.moment) * (0.25 + 0.75 * weather(turn.moment, site.citySeed));
      const netW = powerOf(site, turn) - generatedW;
      const wh = (netW * turn.elapsedMs) / HOUR_MS;
      importWh = turn.resetRegister ? 0 : importWh + Math.max(0, wh);
      exportWh = turn.resetRegister ? 0 : exportWh + Math.max(0, -wh);
      return [
        { topic: `${name}/status/em:0`, payload: JSON.stringify(emStatus(netW, turn)) },
        { topic: `${name}/status/emdata:0`, payload: JSON.stringify(emData(importWh, exportWh)) },
      ];
    },
  };
};

const PHASES = ['a', 'b', 'c'] as const;
const PHASE_SHARES = [0.5, 0.3, 0.2] as const;

function emStatus(netW: number, turn: Turn): object {
  const phases = PHASES.flatMap((phase, at) => {
    const powerW = rounded(netW * PHASE_SHARES[at]!, 1);
    return [
      [`${phase}_act_power`, turn.noValue ? null : powerW],
      [`${phase}_aprt_power`, rounded(Math.abs(powerW) / 0.94, 1)],
      [`${phase}_voltage`, 230],
      [`${phase}_current`, rounded(Math.abs(powerW) / 0.94 / 230, 3)],
      [`${phase}_pf`, 0.94],
      [`${phase}_freq`, 50],
    ];
  });
  return {
    id: 0,
    ...Object.fromEntries(phases),
    n_current: null,
    total_act_power: turn.noValue ? null : rounded(netW, 1),
  };
}

function emData(importWh: number, exportWh: number): object {
  const phases = PHASES.flatMap((phase, at) => [
    [`${phase}_total_act_energy`, rounded(importWh * PHASE_SHARES[at]!, 2)],
    [`${phase}_total_act_ret_energy`, rounded(exportWh * PHASE_SHARES[at]!, 2)],
  ]);
  return { id: 0, ...Object.fromEntries(phases), total_act: rounded(importWh, 2), total_act_ret: rounded(exportWh, 2) };
}

/** A household's water meter, heard by wmbusmeters every quarter of an hour. */
export const wmbusWater: DeviceFamily = (site) => {
  const id = String(60_000_000 + site.index);
  const people = peopleOf(site);
  let totalM3 = 50 + 400 * uniformAt(site.seed, 1, 9);
  return {
    facts: {
      id: `wmbus:${id}`,
      family: 'wmbusmeters',
      zone: site.zone,
      role: 'customer',
      peopleServed: people,
      everyMs: 900_000,
      hasRegister: true,
    },
    phaseMs: site.seed % 900_000,
    turn: (turn) => {
      // Taps are open or shut: a few quarters of an hour take all of the demand.
      const demand = waterDemand(turn.moment);
      const isOpen = uniformAt(site.seed, Math.floor(turn.moment.atMs / 900_000), 3) < Math.min(0.9, 0.35 * demand);
      const flow = isOpen ? people * WATER_M3_PER_HEAD_HOUR * 2.2 * (0.5 + demand / 2) : 0;
      totalM3 = turn.resetRegister ? 0 : totalM3 + (flow * turn.elapsedMs) / HOUR_MS;
      const body = {
        _: 'telegram',
        media: 'water',
        meter: 'hydrus',
        name: `House${site.index}`,
        id,
        total_m3: turn.noValue ? null : rounded(totalM3, 3),
        flow_m3h: rounded(flow, 3),
        flow_temperature_c: 11.5,
        status: 'OK',
        timestamp: `${secondsText(turn.stampMs)}Z`,
      };
      return [{ topic: `wmbusmeters/House${site.index}`, payload: JSON.stringify(body) }];
    },
  };
};

/** Inflow of a water district behind a gateway: SenML, a flow every minute, with leaks that the night shows. */
export const districtInflow: DeviceFamily = (site) => {
  const device = `dma-${String(site.index).padStart(4, '0')}`;
  const people = 800 + Math.floor(4000 * uniformAt(site.seed, 1, 9));
  const leakM3h = people * WATER_M3_PER_HEAD_HOUR * (0.08 + 0.15 * uniformAt(site.seed, 2, 9));
  return {
    facts: {
      id: device,
      family: 'senml',
      zone: site.zone,
      role: 'bulk',
      peopleServed: people,
      everyMs: 60_000,
      hasRegister: false,
    },
    phaseMs: site.seed % 60_000,
    turn: (turn) => {
      const used = scatter(people * WATER_M3_PER_HEAD_HOUR * waterDemand(turn.moment), 0.05, site, turn, 1);
      const record = {
        n: 'water_flow',
        u: 'm3/h',
        ...(turn.noValue ? { vs: 'nan' } : { v: rounded(used + leakM3h, 2) }),
      };
      const pack = [{ bn: `urn:dev:sim:${device}:`, bt: turn.stampMs / 1000, ...record }];
      return [{ topic: `in/gw-water/${device}/data`, payload: JSON.stringify(pack) }];
    },
  };
};
