import { isLoopback, sipUriPlace } from "./addresses.ts";
import { nearestName } from "@sidetone/foundation";
import { joinPath, type Reading } from "./reading.ts";
import type { RtpConfig, SidetoneConfig, SipRoleConfig, SipServerConfig } from "./types.ts";

/** First and last port that the kernel gives to whoever asks for any; undefined where it does not say. */
export type EphemeralPorts = { readonly min: number; readonly max: number } | undefined;

/** UDP ports that one session of a Media Server takes: its own RTP and RTCP, and those of its recorded stream. */
const portsPerSession = 4;

/** What can only be seen with all sections in hand: exposure, references, ports that collide. */
export function crossCheck(config: SidetoneConfig, reading: Reading, ephemeral: EphemeralPorts): void {
  exposure(config, reading);
  tokenSecrets(config, reading);
  references(config, reading);
  capacity(config, reading);
  for (const [section, rtp] of rtpSections(config)) ephemeralOverlap(section, rtp, ephemeral, reading);
  rtpOverlap(config, reading);
  sameListener(config, reading);
  sameFile(config, reading);
}

function* sipSections(config: SidetoneConfig): Generator<[string, SipRoleConfig]> {
  if (config.sipServer !== undefined) yield ["sip-server", config.sipServer];
  if (config.resourceManager !== undefined) yield ["resource-manager", config.resourceManager];
  if (config.mediaServer !== undefined) yield ["media-server", config.mediaServer];
  if (config.recorder !== undefined) yield ["recorder", config.recorder];
}

function* rtpSections(config: SidetoneConfig): Generator<[string, RtpConfig]> {
  if (config.mediaServer !== undefined) yield ["media-server", config.mediaServer.rtp];
  if (config.recorder !== undefined) yield ["recorder", config.recorder.rtp];
}

/** Whatever listens to other machines must not be guarded by a password that stands in the documentation, or by none. */
function exposure(config: SidetoneConfig, reading: Reading): void {
  const demo = reading.secrets.filter((s) => s.value.startsWith("demo-")).map((s) => s.path);
  const exposed = (path: string, host: string): void => {
    if (demo.length === 0) return;
    const more = demo.length > 3 ? ` and ${demo.length - 3} more` : "";
    reading.complain(
      { path },
      `demo passwords work on loopback only, but this listens on ${host} (${demo.slice(0, 3).join(", ")}${more}).`,
      "Give each a password of its own, in the file or as { file: PATH } or { env: NAME }, or listen on 127.0.0.1.",
    );
  };
  for (const [section, role] of sipSections(config)) {
    let open = false;
    for (const [i, address] of role.listen.entries()) {
      if (isLoopback(address.host)) continue;
      open = true;
      exposed(`${section}.listen[${i}]`, address.host);
    }
    if (open && section !== "sip-server" && role.peers.length === 0) {
      reading.complain(
        { path: `${section}.listen` },
        "listens to other machines, but no peers may talk to it.",
        `Add peers: [ ADDRESS or NETWORK, ... ] to ${section}, or listen on 127.0.0.1.`,
      );
    }
    if (role.http === undefined || isLoopback(role.http.host)) continue;
    exposed(`${section}.http`, role.http.host);
    if (role.apiToken === undefined) {
      reading.complain(
        { path: `${section}.http` },
        `is reachable from other machines (${role.http.host}) without a token.`,
        `Add api-token: { file: PATH } or { env: NAME } to ${section} (and to console), or listen on 127.0.0.1.`,
      );
    }
  }
  const console = config.console;
  if (console === undefined || isLoopback(console.http.host)) return;
  exposed("console.http", console.http.host);
  if (console.users.length === 0 && console.oidc === undefined) {
    reading.complain({ path: "console.http" }, "is reachable from other machines, but has no users.", "Add users.");
  }
  if (console.oidc !== undefined && console.publicUrl === undefined) {
    reading.complain(
      { path: "console.oidc" },
      "needs console.public-url, which the provider sends browsers back to.",
      "Write public-url: https://NAME, as people type it.",
    );
  }
}

/** Where SIP Server and console stand in one file, one of two keys, or two different ones, cannot be meant. */
function tokenSecrets(config: SidetoneConfig, reading: Reading): void {
  const { sipServer, console } = config;
  if (sipServer === undefined || console === undefined || sipServer.tokenSecret === console.tokenSecret) return;
  const missing =
    sipServer.tokenSecret === undefined ? "sip-server" : console.tokenSecret === undefined ? "console" : "";
  reading.complain(
    { path: missing === "" ? "console.token-secret" : missing },
    missing === ""
      ? "differs from sip-server.token-secret: SIP Server would refuse what the console signs."
      : "lacks the token-secret that the other one has.",
    "Give sip-server and console the same token-secret, or neither one where both run in one process.",
  );
}

function references(config: SidetoneConfig, reading: Reading): void {
  const sip = config.sipServer;
  if (sip === undefined) return;
  const prefixes = trunkPrefixes(sip, reading);
  trunkGroups(sip, reading);
  for (const dn of sip.dns.values()) {
    const target = dn.defaultDestination;
    if (target === undefined || sip.dns.has(target) || prefixes.some((p) => target.startsWith(p))) continue;
    complainUnknown(`${joinPath("sip-server.dns", dn.dn)}.default-destination`, target, "DN", sip.dns.keys(), reading);
  }
  const groups = config.resourceManager?.groups;
  if (groups === undefined) return;
  const recorders = groups.filter((g) => g.service === "recording-server").map((g) => g.name);
  const { recorderGroup, secondRecorderGroup } = sip.options;
  const wanted: [string, string | undefined][] = [
    ["recorder-group", recorderGroup],
    ["second-recorder-group", secondRecorderGroup],
  ];
  for (const [key, name] of wanted) {
    if (name === undefined || recorders.includes(name)) continue;
    complainUnknown(`sip-server.options.${key}`, name, "recording-server group", recorders, reading);
  }
}

/** Every prefix that leads out. One that stands at two trunks would leave open which of them is meant. */
function trunkPrefixes(sip: SipServerConfig, reading: Reading): readonly string[] {
  const owners = new Map<string, string>();
  for (const { dn, prefix } of sip.dns.values()) {
    if (prefix === undefined) continue;
    const other = owners.get(prefix);
    if (other === undefined) owners.set(prefix, dn);
    else {
      reading.complain(
        { path: `${joinPath("sip-server.dns", dn)}.prefix` },
        `"${prefix}" is the prefix of ${other} already.`,
        "Give each its own; where several trunks serve one prefix, make them members of a trunk-group that has it.",
      );
    }
  }
  return Array.from(owners.keys());
}

function trunkGroups(sip: SipServerConfig, reading: Reading): void {
  for (const { dn, members = [] } of sip.dns.values()) {
    for (const [i, name] of members.entries()) {
      const path = `${joinPath("sip-server.dns", dn)}.members[${i}]`;
      const member = sip.dns.get(name);
      if (member === undefined) {
        const trunks = Array.from(sip.dns.values()).filter(({ type }) => type === "trunk");
        complainUnknown(
          path,
          name,
          "trunk",
          Array.from(trunks, (trunk) => trunk.dn),
          reading,
        );
      } else if (member.type === "trunk-group") {
        reading.complain({ path }, `${name} is a trunk-group itself.`, "Name its trunks one by one.");
      } else if (member.type !== "trunk") {
        reading.complain({ path }, `${name} is no trunk, its type is ${member.type}.`, "Name DNs of type trunk.");
      } else if (members.indexOf(name) < i) {
        reading.complain({ path }, `${name} is a member already.`, "Name each trunk once.");
      }
    }
  }
}

function complainUnknown(path: string, name: string, what: string, known: Iterable<string>, reading: Reading): void {
  const near = nearestName(name, known);
  reading.complain(
    { path },
    `there is no ${what} "${name}".`,
    near === undefined ? undefined : `Did you mean "${near}"?`,
  );
}

/** A capacity that the RTP ports of the Media Server in the same file cannot carry is refused. */
function capacity(config: SidetoneConfig, reading: Reading): void {
  const media = config.mediaServer;
  if (media === undefined) return;
  const ports = media.rtp.portMax - media.rtp.portMin + 1;
  for (const group of config.resourceManager?.groups ?? []) {
    if (group.service !== "msml") continue;
    for (const [i, resource] of group.resources.entries()) {
      const place = sipUriPlace(resource.address);
      const here = media.listen.some((l) => l.host === place?.host && l.port === place.port);
      if (!here || resource.portCapacity === undefined || resource.portCapacity * portsPerSession <= ports) continue;
      reading.complain(
        { path: `${joinPath("resource-manager.groups", group.name)}.resources[${i}].port-capacity` },
        `${resource.portCapacity} sessions need ${resource.portCapacity * portsPerSession} RTP ports, media-server.rtp.ports has ${ports}.`,
        `Say at most ${Math.floor(ports / portsPerSession)}, or give it more ports.`,
      );
    }
  }
}

function ephemeralOverlap(section: string, rtp: RtpConfig, ephemeral: EphemeralPorts, reading: Reading): void {
  if (ephemeral === undefined || rtp.portMax < ephemeral.min || rtp.portMin > ephemeral.max) return;
  reading.warn(
    { path: `${section}.rtp.ports` },
    `${rtp.portMin}-${rtp.portMax} lies in the kernel's ephemeral range ${ephemeral.min}-${ephemeral.max}: other programs may take these ports.`,
    `Stay below ${ephemeral.min}, or reserve them in net.ipv4.ip_local_reserved_ports.`,
  );
}

function rtpOverlap(config: SidetoneConfig, reading: Reading): void {
  const a = config.mediaServer?.rtp;
  const b = config.recorder?.rtp;
  if (a === undefined || b === undefined || a.address !== b.address) return;
  if (a.portMax < b.portMin || b.portMax < a.portMin) return;
  reading.complain(
    { path: "recorder.rtp.ports" },
    `overlaps media-server.rtp.ports ${a.portMin}-${a.portMax} on ${a.address}.`,
    "Give each its own ports.",
  );
}

function sameListener(config: SidetoneConfig, reading: Reading): void {
  const taken = new Map<string, string>();
  const take = (path: string, key: string, port: number): void => {
    if (port === 0) return;
    const other = taken.get(key);
    if (other === undefined) taken.set(key, path);
    else reading.complain({ path }, `listens where ${other} does already.`, "Give each its own port.");
  };
  for (const [section, role] of sipSections(config)) {
    for (const [i, l] of role.listen.entries())
      take(`${section}.listen[${i}]`, `${l.transport} ${l.host} ${l.port}`, l.port);
    if (role.http !== undefined) take(`${section}.http`, `tcp ${role.http.host} ${role.http.port}`, role.http.port);
  }
  const http = config.console?.http;
  if (http !== undefined) take("console.http", `tcp ${http.host} ${http.port}`, http.port);
}

/** Each part that runs here needs a database file of its own. */
function sameFile(config: SidetoneConfig, reading: Reading): void {
  const { sipServer, recorder, console } = config;
  const files: readonly (readonly [string, string | undefined])[] = [
    ["sip-server.storage", sipServer?.storage],
    ["recorder.storage.database", recorder?.storage.database],
    ["console.storage", console?.storage],
  ];
  const taken = new Map<string, string>();
  for (const [path, file] of files) {
    if (file === undefined || file === ":memory:" || file.includes("://")) continue;
    const other = taken.get(file);
    if (other === undefined) taken.set(file, path);
    else reading.complain({ path }, `is the file of ${other} already.`, "Give each its own file.");
  }
}
