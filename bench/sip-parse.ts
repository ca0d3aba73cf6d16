// How many SIP messages one core reads and writes. Run: ./node_modules/.bin/sidetone-node bench/sip-parse.ts
import { cpus } from "node:os";
import { createResponse, parseMessage, serialize, validateRequest } from "../packages/sip/src/message/index.ts";

const SDP =
  "v=0\r\no=- 13374 13374 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";
const INVITE = Buffer.from(
  `${[
    "INVITE sip:7001@sip.example.com SIP/2.0",
    "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK776asdhds;rport",
    "Max-Forwards: 70",
    'From: "Alice" <sip:+15550100@192.0.2.10>;tag=1928301774',
    "To: <sip:7001@sip.example.com>",
    "Call-ID: a84b4c76e66710@192.0.2.10",
    "CSeq: 314159 INVITE",
    "Contact: <sip:+15550100@192.0.2.10:5060>",
    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS",
    "User-Agent: bench",
    "Content-Type: application/sdp",
    `Content-Length: ${SDP.length}`,
  ].join("\r\n")}\r\n\r\n${SDP}`,
);

/** Messages per CPU-second of this process. */
function measure(name: string, once: () => void): void {
  for (let i = 0; i < 50_000; i++) once();
  const rounds = 200_000;
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) once();
  const used = process.cpuUsage(before);
  const perSecond = (rounds * 1e6) / (used.user + used.system);
  console.log(`${name.padEnd(52)} ${Math.round(perSecond / 1000)} k per CPU-second`);
}

function read() {
  const parsed = parseMessage(INVITE);
  if (!parsed.ok || parsed.value.kind !== "request") throw new Error("the benchmark's message must parse");
  return parsed.value;
}

console.log(`${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}, INVITE of ${INVITE.length} bytes`);
measure("parse", () => void read());
measure("parse + serialize", () => void serialize(read()));
measure("parse + 5 typed headers + serialize", () => {
  const request = read();
  void [request.from, request.to, request.topVia, request.cseq, request.contact];
  serialize(request);
});
measure("parse + validate + 200 with tag + serialize", () => {
  const request = read();
  if (validateRequest(request) === undefined) serialize(createResponse(request, 200, undefined, { toTag: "x" }));
});
