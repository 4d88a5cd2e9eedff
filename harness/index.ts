// In: what tests, benchmarks and the torture want started or published. Out: processes, ports, packets and answers.
export * from './children.ts';
export * from './faulty-http.ts';
export * from './http.ts';
export * from './influxd.ts';
export * from './mosquitto.ts';
export * from './packets.ts';
export * from './ports.ts';
export * from './product.ts';
export * from './qos1-publisher.ts';
export * from './redis.ts';
export * from './server-process.ts';
export * from './tcp-gate.ts';
export * from './victoria-metrics.ts';
