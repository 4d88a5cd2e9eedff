/** The classic table of IEEE 1366: customers, minutes and seconds without supply; 2000 customers served. */
export const CLASSIC_EVENTS = [
  [200, 8, 10],
  [400, 0, 30],
  [600, 71, 19],
  [25, 30, 14],
  [2000, 1, 0],
  [90, 267, 11],
  [700, 120, 0],
  [1500, 10, 0],
  [100, 40, 0],
] as const;
