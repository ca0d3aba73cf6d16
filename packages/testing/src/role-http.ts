import { outputOf, type SystemProcess } from "./system-process.ts";

/** A process that is not ready by then never will be, however busy the machine is. */
const READY_WITHIN_MS = 60_000;

/** Waits until the role at an HTTP address says that it is ready; throws where it does not in a minute, or its process ends. */
export async function becomesReady(process: SystemProcess | undefined, role: string, http: string): Promise<void> {
  let said = "no answer";
  const ready = await until(async () => {
    if (process?.running === false)
      throw new Error(`${process.name} ended instead of becoming ready:\n${process.stdout}${process.stderr}`);
    try {
      const response = await fetch(`${http}/readyz`);
      said = `${response.status} ${await response.text()}`;
      return response.ok;
    } catch {
      return false;
    }
  }, READY_WITHIN_MS);
  if (!ready) {
    const output = process === undefined ? "" : outputOf([process]).slice(-4000);
    throw new Error(`${role} is not ready after ${READY_WITHIN_MS / 1000} s: ${said}\n${output}`);
  }
}

/** Asks every 50 ms until it is true; false after `timeoutMs`. For what lives in another process and has no clock of ours. */
export async function until(question: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await question()) return true;
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Prometheus samples at a role's HTTP address: name with labels → value. */
export async function samplesAt(http: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${http}/metrics`)).text();
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const at = line.lastIndexOf(" ");
    samples.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return samples;
}
