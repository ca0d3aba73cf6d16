import { readdirSync } from "node:fs";
import { Gauge, type Registry } from "prom-client";

/** Memory, processor time and open files of the process, read when they are asked for: no timer, no observer. */
export function addProcessMetrics(registry: Registry): void {
  const gauge = (name: string, help: string, read: () => number | undefined): void => {
    const made: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: () => {
        const value = read();
        if (value !== undefined) made.set(value);
      },
    });
  };
  gauge("process_resident_memory_bytes", "Resident memory in bytes.", () => process.memoryUsage.rss());
  gauge("nodejs_heap_size_used_bytes", "JavaScript heap in use in bytes.", () => process.memoryUsage().heapUsed);
  gauge("nodejs_external_memory_bytes", "Memory of buffers in bytes.", () => process.memoryUsage().external);
  gauge("process_cpu_seconds_total", "User and system processor time in seconds.", () => {
    const used = process.cpuUsage();
    return (used.user + used.system) / 1e6;
  });
  gauge("process_uptime_seconds", "Seconds since the process started.", () => process.uptime());
  gauge("process_open_fds", "Open file descriptors.", openFiles);
}

function openFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length - 1; // one is the folder itself, while it is read
  } catch {
    return undefined; // not Linux
  }
}
