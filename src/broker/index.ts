// In: MQTT connections and posts over HTTP. Out: messages handed to the journal, acknowledgements and views back; broker.ts and posts.ts are the contracts.
export * from './broker.ts';
export * from './posts.ts';
