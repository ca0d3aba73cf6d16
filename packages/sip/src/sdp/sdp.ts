import { fail, ok } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { LIMITS } from "../limits.ts";
import { parseDigits } from "../message/characters.ts";

/** `c=` (RFC 8866 5.7). */
export interface SdpConnection {
  netType: string;
  addrType: string;
  address: string;
}

/** `a=name` or `a=name:value`. */
export interface SdpAttribute {
  name: string;
  value?: string;
}

/** A line that is kept without being understood. */
export interface SdpLine {
  readonly type: string;
  readonly value: string;
}

/** One `m=` section. */
export interface SdpMedia {
  kind: string;
  /** 0 refuses or ends the stream (RFC 3264 6). */
  port: number;
  portCount?: number;
  /** E.g. `RTP/AVP`. */
  protocol: string;
  /** Payload types, or other formats. */
  formats: string[];
  connection?: SdpConnection;
  attributes: SdpAttribute[];
  /** i=, b=, k= and whatever else, in order. */
  other: SdpLine[];
}

/** A session description (RFC 8866). Attributes and unknown lines keep their order. */
export interface Sdp {
  version: number;
  origin: {
    username: string;
    sessionId: string;
    sessionVersion: string;
    netType: string;
    addrType: string;
    address: string;
  };
  sessionName: string;
  connection?: SdpConnection;
  attributes: SdpAttribute[];
  media: SdpMedia[];
  /** i=, u=, e=, p=, b=, t=, r=, z=, k= and whatever else, in order. */
  other: SdpLine[];
}

/** Reads a session description. Tolerant: bare line feeds, a missing `s=` or `t=`, and unknown lines are taken. */
export function parseSdp(input: string | Buffer): Result<Sdp> {
  if (input.length > LIMITS.sdpBytes) return fail("SDP too long");
  const text = typeof input === "string" ? input : input.toString("utf8");
  let sdp: Sdp | undefined;
  let media: SdpMedia | undefined;
  let originSeen = false;
  let count = 0;
  for (let at = 0; at < text.length; ) {
    let end = text.indexOf("\n", at);
    if (end === -1) end = text.length;
    const line = text.slice(at, end > at && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end);
    at = end + 1;
    if (line === "") continue;
    if (++count > LIMITS.sdpLines) return fail("too many SDP lines");
    if (line.charCodeAt(1) !== 0x3d) return fail("an SDP line without =");
    const type = line.slice(0, 1);
    const value = line.slice(2);
    if (sdp === undefined) {
      if (type !== "v" || value.trim() !== "0") return fail("SDP does not start with v=0");
      sdp = { version: 0, origin: noOrigin(), sessionName: "-", attributes: [], media: [], other: [] };
      continue;
    }
    if (type === "m") {
      if (sdp.media.length >= LIMITS.sdpMedia) return fail("too many m= lines");
      const parsed = parseMediaLine(value);
      if (parsed === undefined) return fail("malformed m= line");
      media = parsed;
      sdp.media.push(media);
      continue;
    }
    const problem = readLine(sdp, media, type, value);
    if (problem !== undefined) return fail(problem);
    if (type === "o" && media === undefined) originSeen = true;
  }
  if (sdp === undefined) return fail("empty SDP");
  return originSeen ? ok(sdp) : fail("no o= line");
}

function readLine(sdp: Sdp, media: SdpMedia | undefined, type: string, value: string): string | undefined {
  const section = media ?? sdp;
  switch (type) {
    case "v":
      return "a second v= line";
    case "o":
      if (media !== undefined) return "o= after m=";
      return readOrigin(sdp, value);
    case "s":
      if (media !== undefined) return "s= after m=";
      sdp.sessionName = value;
      return undefined;
    case "c": {
      const connection = parseConnection(value);
      if (connection === undefined) return "malformed c= line";
      if (section.connection === undefined) section.connection = connection;
      else section.other.push({ type, value });
      return undefined;
    }
    case "a": {
      const colon = value.indexOf(":");
      if (colon === 0 || value === "") return "an attribute without a name";
      section.attributes.push(
        colon === -1 ? { name: value } : { name: value.slice(0, colon), value: value.slice(colon + 1) },
      );
      return undefined;
    }
    default:
      section.other.push({ type, value });
      return undefined;
  }
}

function noOrigin(): Sdp["origin"] {
  return { username: "-", sessionId: "0", sessionVersion: "0", netType: "IN", addrType: "IP4", address: "0.0.0.0" };
}

function words(value: string): string[] {
  return value.split(" ").filter((word) => word !== "");
}

function readOrigin(sdp: Sdp, value: string): string | undefined {
  const [username, sessionId, sessionVersion, netType, addrType, address, more] = words(value);
  if (address === undefined || more !== undefined) return "malformed o= line";
  if (username === undefined || sessionId === undefined || sessionVersion === undefined) return "malformed o= line";
  if (netType === undefined || addrType === undefined) return "malformed o= line";
  sdp.origin = { username, sessionId, sessionVersion, netType, addrType, address };
  return undefined;
}

function parseConnection(value: string): SdpConnection | undefined {
  const [netType, addrType, address, more] = words(value);
  if (netType === undefined || addrType === undefined || address === undefined || more !== undefined) return undefined;
  return { netType, addrType, address };
}

function parseMediaLine(value: string): SdpMedia | undefined {
  const [kind, portText, protocol, ...formats] = words(value);
  if (kind === undefined || portText === undefined || protocol === undefined) return undefined;
  const [first, countText, more] = portText.split("/", 3);
  const port = parseDigits(first ?? "", 65_535);
  if (port === undefined || more !== undefined) return undefined;
  const media: SdpMedia = { kind, port, protocol, formats, attributes: [], other: [] };
  if (countText === undefined) return media;
  const portCount = parseDigits(countText, 65_535);
  return portCount === undefined ? undefined : { ...media, portCount };
}

// RFC 8866 5: the order of a description's lines.
const BEFORE_CONNECTION = new Set(["i", "u", "e", "p"]);

/** The description as text, lines in the order of RFC 8866 5. What came in that order is given back as it came. */
export function formatSdp(sdp: Sdp): string {
  const o = sdp.origin;
  let out = `v=${sdp.version}\r\n`;
  out += line("o", `${o.username} ${o.sessionId} ${o.sessionVersion} ${o.netType} ${o.addrType} ${o.address}`);
  out += line("s", sdp.sessionName) + formatSection(sdp);
  for (const media of sdp.media) {
    const ports = media.portCount === undefined ? `${media.port}` : `${media.port}/${media.portCount}`;
    out += line("m", [media.kind, ports, media.protocol, ...media.formats].join(" ")) + formatSection(media);
  }
  return out;
}

function formatSection(section: Sdp | SdpMedia): string {
  let out = "";
  for (const { type, value } of section.other) if (BEFORE_CONNECTION.has(type)) out += line(type, value);
  if (section.connection !== undefined) {
    out += line("c", `${section.connection.netType} ${section.connection.addrType} ${section.connection.address}`);
  }
  for (const { type, value } of section.other) if (!BEFORE_CONNECTION.has(type)) out += line(type, value);
  for (const { name, value } of section.attributes) out += line("a", value === undefined ? name : `${name}:${value}`);
  return out;
}

/** A value cannot add a line. */
function line(type: string, value: string): string {
  return `${type}=${value.replaceAll("\r", " ").replaceAll("\n", " ")}\r\n`;
}

/** A copy that shares nothing. */
export function cloneSdp(sdp: Sdp): Sdp {
  return structuredClone(sdp);
}

/** The first attribute's value: the empty text for one without a value, `undefined` where absent. */
export function attribute(section: Sdp | SdpMedia, name: string): string | undefined {
  for (const a of section.attributes) if (a.name === name) return a.value ?? "";
  return undefined;
}
