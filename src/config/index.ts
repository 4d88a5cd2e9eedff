// In: city.yaml, environment and command line. Out: one checked, frozen Config.
export * from './devices.ts';
export { ExpressionError, parseExpression } from './expression.ts';
export type { ExternalBrokerConfig } from './external-broker.ts';
export * from './facts.ts';
export { JOBS_REDIS } from './jobs.ts';
export { JOURNAL_REDIS } from './journal.ts';
export * from './load.ts';
export { type MirrorConfig, mirrorSecret } from './mirrors.ts';
export { completeOwnKpi, type OwnKpiConfig, readOwnKpi } from './own-kpis.ts';
export { type RedisConfig, redisText } from './redis.ts';
export * from './schema.ts';
