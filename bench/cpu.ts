/** CPU seconds (user and system) that this process spends in `work`; the machine may be shared, its CPU time is not. */
export async function cpuSecondsOf(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
