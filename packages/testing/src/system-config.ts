import { join } from "node:path";
import { inNamespace } from "./programs.ts";
import { freePort } from "./ports.ts";

/** A tree of plain values, as it stands in `sidetone.yaml` (JSON is YAML). */
export type ConfigTree = { [key: string]: ConfigValue };
export type ConfigValue = string | number | boolean | null | ConfigValue[] | ConfigTree;

/** Ports of a test system. */
export interface SystemPorts {
  readonly sip: number;
  readonly resourceManager: number;
  readonly mediaServer: number;
  readonly recorder: number;
  readonly httpSip: number;
  readonly httpResourceManager: number;
  readonly httpMediaServer: number;
  readonly httpRecorder: number;
  readonly console: number;
  readonly mediaRtp: readonly [number, number];
  readonly recorderRtp: readonly [number, number];
}

/** In a namespace of its own the ports of the contract; else free ones. */
export async function systemPorts(): Promise<SystemPorts> {
  if (inNamespace) {
    return {
      sip: 5060,
      resourceManager: 5070,
      mediaServer: 5080,
      recorder: 5090,
      httpSip: 8081,
      httpResourceManager: 8082,
      httpMediaServer: 8083,
      httpRecorder: 8084,
      console: 8080,
      mediaRtp: [10_000, 24_999],
      recorderRtp: [25_000, 32_767],
    };
  }
  const base = 10_000 + 2 * Math.floor(Math.random() * 5000);
  return {
    sip: await freePort(),
    resourceManager: await freePort(),
    mediaServer: await freePort(),
    recorder: await freePort(),
    httpSip: await freePort(),
    httpResourceManager: await freePort(),
    httpMediaServer: await freePort(),
    httpRecorder: await freePort(),
    console: await freePort(),
    mediaRtp: [base, base + 1999],
    recorderRtp: [base + 2000, base + 2999],
  };
}

/** Password of a test DN, as in the documented example: `demo-7001`. */
export function passwordOf(dn: string): string {
  return `demo-${dn}`;
}

function extension(dn: string, more: ConfigTree = {}): ConfigTree {
  return { type: "extension", password: passwordOf(dn), ...more };
}

/** A whole configuration under `folder`. DNs: 7001 recorded; 7002, 7003 not; 7004 recording mandatory; 7005 anchored; 7006 SHA-256; 7101 to 7104 not recorded. */
export function systemConfig(folder: string, ports: SystemPorts): ConfigTree {
  const local = "127.0.0.1";
  const listen = (port: number): string[] => [`udp://${local}:${port}`, `tcp://${local}:${port}`];
  const http = (port: number): string => `http://${local}:${port}`;
  const [low, high] = ports.mediaRtp;
  const capacity = Math.min(1500, Math.floor((high - low + 1) / 4)); // four ports per session
  const resourceManager = `sip:${local}:${ports.resourceManager};transport=tcp`;
  return {
    "sip-server": {
      listen: listen(ports.sip),
      domain: "sidetone.local",
      "resource-manager": resourceManager,
      "server-id": 1,
      storage: `sqlite:${join(folder, "sip-server.sqlite")}`,
      "sip-journal": join(folder, "sip-server.journal"),
      options: { "recorder-group": "recorders" },
      dns: {
        "7001": extension("7001", { record: true }),
        "7002": extension("7002"),
        "7003": extension("7003"),
        "7004": extension("7004", { record: true, "recording-failure": "reject" }),
        "7005": extension("7005", { media: "anchored" }),
        "7006": extension("7006", { "digest-algorithms": ["SHA-256"] }),
        "7101": extension("7101"),
        "7102": extension("7102"),
        "7103": extension("7103"),
        "7104": extension("7104"),
      },
      http: http(ports.httpSip),
    },
    "resource-manager": {
      listen: listen(ports.resourceManager),
      "sip-journal": join(folder, "resource-manager.journal"),
      groups: {
        "media-servers": {
          service: "msml",
          "load-balance-scheme": "round-robin",
          monitor: { interval: "500ms", timeout: "2s" },
          resources: [{ address: `sip:${local}:${ports.mediaServer};transport=tcp`, "port-capacity": capacity }],
        },
        recorders: {
          service: "recording-server",
          "load-balance-scheme": "round-robin",
          resources: [{ address: `sip:${local}:${ports.recorder};transport=tcp` }],
        },
      },
      http: http(ports.httpResourceManager),
    },
    "media-server": {
      listen: listen(ports.mediaServer),
      "resource-manager": resourceManager,
      "sip-journal": join(folder, "media-server.journal"),
      rtp: { address: local, ports: ports.mediaRtp.join("-") },
      "recorder-profiles": {
        recorders: { protocol: "siprec", layout: "single-session", streams: "per-side", srtp: "off" },
      },
      http: http(ports.httpMediaServer),
    },
    recorder: {
      listen: listen(ports.recorder),
      "sip-journal": join(folder, "recorder.journal"),
      rtp: { address: local, ports: ports.recorderRtp.join("-") },
      storage: { directory: join(folder, "recordings"), database: `sqlite:${join(folder, "recorder.sqlite")}` },
      http: http(ports.httpRecorder),
    },
    console: {
      roles: [
        http(ports.httpSip),
        http(ports.httpResourceManager),
        http(ports.httpMediaServer),
        http(ports.httpRecorder),
      ],
      http: http(ports.console),
      storage: `sqlite:${join(folder, "console.sqlite")}`,
      users: { admin: { password: "demo-admin", role: "administrator" } },
    },
  };
}

/** `base` with the values of `change` laid over it, tree by tree; `null` takes a key away. */
export function overlay(base: ConfigTree, change: ConfigTree): ConfigTree {
  const out: ConfigTree = { ...base };
  for (const [key, value] of Object.entries(change)) {
    const before = out[key];
    if (value === null) delete out[key];
    else if (isTree(value) && before !== undefined && isTree(before)) out[key] = overlay(before, value);
    else out[key] = value;
  }
  return out;
}

function isTree(value: ConfigValue): value is ConfigTree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
