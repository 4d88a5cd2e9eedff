import { describe, expect, test } from 'vitest';
import {
  energyPerCapita,
  infrastructureLeakageIndex,
  leakageFromMnf,
  loadFactor,
  minimumNightFlow,
  netFromObis,
  nrwPercent,
  peakDemand,
  populationWeightedMean,
  powerFactor,
  publicBuildingIntensity,
  qualityCompliance,
  renewableShare,
  renewableShareOfSupplies,
  smartMeterShare,
  waterLosses,
  waterPerCapitaPerDay,
} from '../../../src/kpis/arithmetic/index.ts';

describe('water', () => {
  test('a denominator of 0 gives null, not 0', () => {
    expect(waterPerCapitaPerDay(10, 1, 0)).toBeNull();
    expect(waterPerCapitaPerDay(10, 0, 10)).toBeNull();
    expect(nrwPercent(0, 10)).toBeNull();
    expect(waterLosses(0, 0)).toEqual({ volumeM3: 0, percent: null });
    expect(smartMeterShare(0, 0)).toBeNull();
  });

  test('more billed than put in shows as a negative share', () => {
    expect(nrwPercent(100, 110)).toBe(-10);
  });

  test('leakage is what flows at night beyond the use of the properties, even when that is negative', () => {
    expect(minimumNightFlow([null, 5, 4.5])).toBe(4.5);
    expect(minimumNightFlow([null])).toBeNull();
    expect(leakageFromMnf(1, { propertyCount: 1000, litresPerPropertyHour: 2, hourDayFactor: 24 })).toBe(-24);
  });

  test('the leakage index compares with what no network can avoid', () => {
    const network = { mainsKm: 10, connectionCount: 100, privatePipesKm: 0, pressureM: 50 };
    // (18*10 + 0.8*100) * 50 = 13 000 l/day
    expect(infrastructureLeakageIndex(26_000, network)).toBe(2);
    expect(infrastructureLeakageIndex(26_000, { ...network, pressureM: 0 })).toBeNull();
  });

  test('a sample is judged by the parameters that it has', () => {
    const limits = { ph: [6.5, 8.5], turbidity: [null, 5] } as const;
    expect(qualityCompliance([{ ph: 7 }, { ph: 9, turbidity: 1 }, { turbidity: null }], limits)).toBe(50);
    expect(qualityCompliance([{ ph: 6.5, turbidity: 5 }], limits)).toBe(100);
    expect(qualityCompliance([{ colour: 1 }], limits)).toBeNull();
  });
});

describe('energy', () => {
  test('a denominator of 0 gives null, not 0', () => {
    expect(energyPerCapita(1, 0)).toBeNull();
    expect(renewableShare(0, 0)).toBeNull();
    expect(publicBuildingIntensity(1, 0)).toBeNull();
    expect(powerFactor(0, 0)).toBeNull();
    expect(loadFactor([0, 0])).toBeNull();
    expect(loadFactor([null])).toBeNull();
  });

  test('the share of several supplies is weighted by energy', () => {
    const supplies = [
      { energyKWh: 300, renewableRatio: 0.5 },
      { energyKWh: 100, renewableRatio: 0 },
    ];
    expect(renewableShareOfSupplies(supplies, 100)).toBe(50);
  });

  test('the peak is the first of the highest complete intervals, as power', () => {
    expect(peakDemand([1, null, 3, 3], 30)).toEqual({ peakKw: 6, index: 2 });
    expect(peakDemand([null], 15)).toBeNull();
    expect(loadFactor([1, null, 3])).toBeCloseTo(2 / 3, 12);
  });

  test('the exchange with the grid needs the import register, and an absent export register is no export', () => {
    expect(netFromObis({ '1.8.0': 5 }, { '1.8.0': 7 })).toEqual({ importKWh: 2, exportKWh: 0, netKWh: 2 });
    expect(netFromObis({ '2.8.0': 5 }, { '2.8.0': 7 })).toBeNull();
    expect(netFromObis({ '1.8.0': 5 }, { '1.8.0': 900 }, { maxDelta: 100 })).toBeNull();
  });
});

describe('the mean over people', () => {
  test('says how many it speaks of, and nothing without people', () => {
    const zones = [
      { population: 10, value: 1 },
      { population: 30, value: null },
    ];
    expect(populationWeightedMean(zones)).toEqual({ value: 1, coveredPopulation: 10, population: 40 });
    expect(populationWeightedMean([{ population: 0, value: 5 }]).value).toBeNull();
    expect(populationWeightedMean([]).value).toBeNull();
  });
});
