// In: MQTT connections. Out: messages handed to the journal, acknowledgements and views back; broker.ts is the contract.
export * from './broker.ts';
