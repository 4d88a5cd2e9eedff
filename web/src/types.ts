/** Bodies of the API, from the schemas that the server validates with. */
export type {
  AccountingBody as Accounting,
  AggregateRowBody as AggregateRow,
  AggregatesBody as Aggregates,
  ClusterBody as Cluster,
  DeviceBody as Device,
  JobBody as Job,
  KpiInfoBody as KpiInfo,
  KpiValueBody as KpiValue,
  MeBody as Me,
  QuarantineBody as QuarantineRow,
  SeriesBody as Series,
  U4sscBody as U4ssc,
  U4sscKpiBody as U4sscKpi,
  WhyBody as Why,
  ZonesBody as Zones,
} from '../../src/views/http/schemas.ts';
