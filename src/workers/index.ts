// In: a checked Config. Out: the running product: the loops that carry batches from room to room, and their threads.
export { cityKpis, ownDefinitions } from './city-kpis.ts';
export { profileFolders } from './device-rights.ts';
export { ENGINE_LIMITS } from './engine-client.ts';
export { kpiCity } from './kpi-city.ts';
export { kpiSource } from './kpi-source.ts';
export { mirrorFiles, mirrorFolder, readCursor, writeRewind } from './mirror-files.ts';
export { MirrorLoop } from './mirror-loop.ts';
export { type OpenedHistory, openHistory } from './open-history.ts';
export { type BatchProcessOptions, startBatchProcess } from './open-jobs.ts';
export { PANES, type PaneBatch, type PaneBatchSeries, packPaneBatch, paneBatchWork } from './pane-batch.ts';
export { openProduct, type Product, type ProductOptions } from './product.ts';
export { trialScopes } from './trial-order.ts';
export { type TrialSummary, trialSummary } from './trial-summary.ts';
export { type AgainForecast, type ForecastRequest, forecastAgain, type SeriesForecast } from './try-again.ts';
export { TRIAL_VALUES_MAX, type TrialRequest, type TrialResult, tryKpi } from './try-kpi.ts';
