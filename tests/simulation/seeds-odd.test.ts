import { describe } from 'vitest';
import { simulateSeeds } from './support/seeds.ts';

describe('a city in bad weather, odd seeds', () => simulateSeeds(1));
