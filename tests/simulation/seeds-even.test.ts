import { describe } from 'vitest';
import { simulateSeeds } from './support/seeds.ts';

describe('a city in bad weather, even seeds', () => simulateSeeds(0));
