import type { Sample } from './metrics.ts';

/** What the operating system tells of this process, under the names that Prometheus gives to every process. */
export function processSamples(): Sample[] {
  const { user, system } = process.cpuUsage();
  return [
    { name: 'process_cpu_seconds_total', value: (user + system) / 1e6 },
    { name: 'process_resident_memory_bytes', value: process.memoryUsage.rss() },
    { name: 'process_start_time_seconds', value: Math.round(performance.timeOrigin) / 1000 },
  ];
}
