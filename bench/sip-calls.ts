/**
 * SIP calls per second between two endpoints of one process over loopback UDP: INVITE, 180, 200, ACK, BYE, 200.
 *
 *   ./node_modules/.bin/sidetone-node bench/sip-calls.ts [calls] [at once]
 */
import { cpus } from "node:os";
import { silentLogger, systemClock } from "@sidetone/foundation";
import { nameAddr, parseUri, SipEndpoint } from "@sidetone/sip";

const total = Number(process.argv[2] ?? 10_000);
const atOnce = Number(process.argv[3] ?? 50);
const sdp =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n" +
  "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";

const make = (): SipEndpoint => new SipEndpoint({ clock: systemClock, log: silentLogger, userAgent: "Bench" });
const caller = make();
const callee = make();
await caller.listen({ transport: "udp", host: "127.0.0.1", port: 0 });
const { port } = await callee.listen({ transport: "udp", host: "127.0.0.1", port: 0 });
callee.onRequest = (tx) => {
  const session = callee.accept(tx);
  session.progress(180);
  session.accept({ body: sdp });
};
const uri = `sip:bench@127.0.0.1:${port}`;
const from = parseUri("sip:caller@127.0.0.1");
if (!from.ok) throw new Error(from.error);
const fromAddress = nameAddr(from.value);

function call(): Promise<boolean> {
  return new Promise((resolve) => {
    const session = caller.invite({ uri, to: { uri }, from: fromAddress, body: sdp });
    session.on("accepted", () => void session.bye().then(() => resolve(true)));
    session.on("rejected", () => resolve(false));
  });
}

let started = 0;
let failed = 0;
async function line(): Promise<void> {
  while (started < total) {
    started += 1;
    if (!(await call())) failed += 1;
  }
}

const cpu = process.cpuUsage();
const begin = performance.now();
await Promise.all(Array.from({ length: atOnce }, line));
const seconds = (performance.now() - begin) / 1000;
const used = process.cpuUsage(cpu);
const cpuSeconds = (used.user + used.system) / 1e6;
const messages = caller.stats().sentMessages + callee.stats().sentMessages;
console.log(
  `${total} calls (${failed} failed) in ${seconds.toFixed(2)} s: ${Math.round(total / seconds)} calls/s wall, ` +
    `${Math.round(total / cpuSeconds)} per CPU second for both ends, ${(messages / total).toFixed(2)} messages a call; ` +
    `${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}`,
);
await Promise.all([caller.close(), callee.close()]);
