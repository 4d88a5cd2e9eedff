import type { Broker } from '../broker/index.ts';

/** Stands where a process does not take messages over MQTT. */
export const NO_BROKER: Broker = {
  open: async () => ({ url: '' }),
  publish: () => {},
  stats: () => ({
    ...{ connectedClients: 0, connectionsTotal: 0, receivedQos0: 0, receivedQos1: 0, receivedQos2: 0 },
    ...{ waitingForJournal: 0, refused: {} },
  }),
  problems: () => [],
  close: async () => {},
};
