import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { type CityFile, loadConfig } from '../../../src/config/index.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { openProduct, type Product } from '../../../src/workers/index.ts';
import { JournalBudget } from '../../../src/workers/journal-budget.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';
import { ScriptedBroker } from '../broker/support/scripted-broker.ts';

const log = createLogger({ level: 'silent', pretty: false });
let other: ScriptedBroker;

beforeEach(async () => {
  other = await ScriptedBroker.open();
});
afterEach(() => {
  vi.restoreAllMocks();
  other.close();
});

function open(mqtt: CityFile['mqtt']): Promise<Product> {
  const city = { city: { id: 'x', name: 'X', timeZone: 'UTC' }, http: { port: 0 }, mqtt };
  const folder = plantTree({ 'city.yaml': stringify(city) });
  const dataFolder = join(folder, 'data');
  const config = loadConfig({ file: join(folder, 'city.yaml'), dataFolder, environment: {}, set: [] });
  return openProduct({ config, version: '0', log, webFolder: folder });
}

it('a product that ends shuts its journal when nobody can bring it anything any more', async () => {
  const opening = open({ external: { url: other.url, clientId: 'x', version: 4, topics: ['in/#'] } });
  (await other.asked()).answer(1);
  const product = await opening;
  const connected: number[] = [];
  const { close } = JournalBudget.prototype;
  vi.spyOn(JournalBudget.prototype, 'close').mockImplementation(function (this: JournalBudget) {
    connected.push(product.sources.brokerStats().connectedClients);
    close.call(this);
  });
  await product.close();
  expect(connected).toEqual([0]);
});
