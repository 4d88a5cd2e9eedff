import { embedded } from '../unit/broker/support/embedded.ts';
import { brokerContract } from './broker.contract.ts';

brokerContract('embedded', () => embedded());
brokerContract('embedded, without the fast lane', () => embedded({ fastLane: false }));
