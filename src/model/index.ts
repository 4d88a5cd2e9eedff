// In: base. Out: the words of the product: city facts, Message, Reading, Quantity, Unit, Series, Pane, KpiValue, Interruption, Accounting.
export * from './accounting.ts';
export * from './city-facts.ts';
export * from './formula.ts';
export * from './kpi-value.ts';
export * from './message.ts';
export * from './outage.ts';
export * from './own-kpi.ts';
export * from './pane.ts';
export * from './pane-columns.ts';
export * from './quantities.ts';
export * from './reading.ts';
export * from './register.ts';
export * from './series.ts';
export * from './topic-filter.ts';
export * from './units.ts';
