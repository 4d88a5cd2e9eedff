// In: base. Out: the words of the product: Message, Reading, Quantity, Unit, Series, Pane, KpiValue, Accounting.
export * from './accounting.ts';
export * from './kpi-value.ts';
export * from './message.ts';
export * from './pane.ts';
export * from './pane-columns.ts';
export * from './quantities.ts';
export * from './reading.ts';
export * from './register.ts';
export * from './series.ts';
export * from './units.ts';
