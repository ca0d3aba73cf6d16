import { Gauge, type Registry } from "@sidetone/http";

/** Adds a number of the recorder to `/metrics`, read whenever somebody asks. @param name without `sidetone_recorder_` */
export type AddGauge = (name: string, help: string, read: () => number) => void;

/** Gauges of the recorder in a registry. */
export function gaugesOf(registry: Registry): AddGauge {
  return (name, help, read) => {
    new Gauge({
      name: `sidetone_recorder_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
}
