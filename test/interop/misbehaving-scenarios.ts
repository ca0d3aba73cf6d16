/** SIPp scenarios of phones that do what RFC 5407 and RFC 3261 warn of. The party under test is SIP Server. */

const DEFAULT_MEDIA = "c=IN IP4 [local_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 0 101\na=sendrecv";

/** Body of a phone with PCMU; `media` are its lines from `c=` on. */
function sdp(version: number, media = DEFAULT_MEDIA): string {
  return `v=0
o=sipp 1 ${version} IN IP4 [local_ip]
s=-
${media}
a=rtpmap:101 telephone-event/8000
`;
}

function body(text: string): string {
  return text === "" ? "Content-Length: 0\n\n" : `Content-Type: application/sdp\nContent-Length: [len]\n\n${text}`;
}

function send(text: string, retransmits = false): string {
  return `  <send${retransmits ? ' retrans="500"' : ""}><![CDATA[\n${text}\n]]></send>`;
}

const receive = (request: string): string => `  <recv request="${request}"/>`;
const pause = (ms: number): string => `  <pause milliseconds="${ms}"/>`;

/** A final response; provisional ones may come before. */
function response(status: number): string {
  return `  <recv response="100" optional="true"/>\n  <recv response="${status}" rrs="true"/>`;
}

function scenario(name: string, ...steps: readonly string[]): string {
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="${name}">\n${steps.join("\n")}\n</scenario>\n`;
}

// A phone that is called

/** The INVITE that begins the call, or one in it: who sent it is kept, and what its late answer needs. */
function invited(suffix = ""): string {
  const keep = ["From", "To", "Via", "CSeq"].map(
    (header) => `<ereg regexp=".*" search_in="hdr" header="${header}:" assign_to="${header.toLowerCase()}${suffix}"/>`,
  );
  const names = ["from", "to", "via", "cseq"].map((name) => `${name}${suffix}`).join(",");
  return `  <recv request="INVITE" rrs="true"><action>${keep.join("")}</action></recv>\n  <Reference variables="${names}"/>`;
}

/** Answer to the INVITE kept under `suffix`. */
function answer(
  line: string,
  o: { readonly sdp?: string; readonly tag?: string; readonly suffix?: string } = {},
): string {
  const suffix = o.suffix ?? "";
  const to = `To:[$to${suffix}]${suffix === "" ? `;tag=${o.tag ?? "[pid]N[call_number]"}` : ""}`;
  return send(
    `SIP/2.0 ${line}
Via:[$via${suffix}]
[last_Record-Route:]
From:[$from${suffix}]
${to}
[last_Call-ID:]
CSeq:[$cseq${suffix}]
Contact: <sip:[local_ip]:[local_port]>
${body(o.sdp ?? "")}`,
    false,
  );
}

/** 200 to the request that came last. */
const confirm = (text = ""): string =>
  send(`SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
${body(text)}`);

/** A request of the called phone inside the dialog. */
function calleeRequest(
  method: string,
  cseq: number,
  o: { readonly headers?: string; readonly sdp?: string; readonly branch?: string } = {},
): string {
  return send(
    `${method} [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=${o.branch ?? "[branch]"}
Max-Forwards: 70
From: <sip:sipp@[local_ip]:[local_port]>;tag=[pid]N[call_number]
To:[$from]
[last_Call-ID:]
CSeq: ${cseq} ${method}
Contact: <sip:[local_ip]:[local_port]>
${o.headers === undefined ? "" : `${o.headers}\n`}${body(o.sdp ?? "")}`,
    method !== "ACK",
  );
}

function up(text = sdp(1)): readonly string[] {
  return [invited(), answer("180 Ringing"), answer("200 OK", { sdp: text }), receive("ACK")];
}

/** An offer of the called phone, taken. */
function offers(cseq: number, text: string): readonly string[] {
  return [calleeRequest("INVITE", cseq, { sdp: text }), response(200), calleeRequest("ACK", cseq)];
}

const hangsUp = (cseq: number): readonly string[] => [calleeRequest("BYE", cseq), response(200)];
const isHungUp = [receive("BYE"), confirm()];

/** Rings for long, then it is busy. */
export function lateBusy(ringMs: number): string {
  return scenario(
    "late busy",
    invited(),
    answer("180 Ringing"),
    pause(ringMs),
    answer("486 Busy Here"),
    receive("ACK"),
  );
}

/** RFC 3261 14.1: an offer of its own crosses ours: each refuses the other's. Ours comes again. */
export function glare(): string {
  return scenario(
    "glare",
    ...up(),
    invited("2"),
    calleeRequest("INVITE", 1, { sdp: sdp(2) }),
    response(491),
    calleeRequest("ACK", 1, { branch: "[branch-3]" }),
    answer("491 Request Pending", { suffix: "2" }),
    receive("ACK"),
    invited("3"),
    answer("200 OK", { suffix: "3", sdp: sdp(3, DEFAULT_MEDIA.replace("sendrecv", "recvonly")) }),
    receive("ACK"),
    ...isHungUp,
  );
}

/** RFC 5407 3.1.2: its BYE crosses a re-INVITE. */
export function byeCrossesReinvite(): string {
  return scenario(
    "BYE crosses re-INVITE",
    ...up(),
    invited("2"),
    calleeRequest("BYE", 1),
    response(200),
    answer("487 Request Terminated", { suffix: "2" }),
    receive("ACK"),
  );
}

/** Transfers the call to its own number. */
export function refersToItself(dn: string): string {
  return scenario(
    "REFER to itself",
    ...up(),
    calleeRequest("REFER", 1, { headers: `Refer-To: <sip:${dn}@sidetone.local>` }),
    response(403),
    ...hangsUp(2),
  );
}

/** RFC 3261 13.2.2.4: a proxy beyond has forked, and two phones answer. The second one is ACKed and gets a BYE. */
export function answersTwice(): string {
  return scenario(
    "two 200s",
    invited(),
    answer("180 Ringing"),
    answer("200 OK", { sdp: sdp(1) }),
    receive("ACK"),
    answer("200 OK", { sdp: sdp(1), tag: "second" }),
    receive("ACK"),
    '  <recv request="BYE"><action><ereg regexp="tag=second" search_in="hdr" header="To:" check_it="true" assign_to="second"/></action></recv>\n  <Reference variables="second"/>',
    confirm(),
    ...isHungUp,
  );
}

/** RFC 3264 8.2: takes its only stream away by port 0, and brings it back. */
export function portZero(): string {
  const none = DEFAULT_MEDIA.replace("[media_port]", "0");
  return scenario("port 0", ...up(), ...offers(1, sdp(2, none)), pause(300), ...offers(2, sdp(3)), ...hangsUp(3));
}

/** Answers the call with port 0: it takes no audio. */
export function refusesAudio(): string {
  return scenario("answer with port 0", ...up(sdp(1, DEFAULT_MEDIA.replace("[media_port]", "0"))), ...isHungUp);
}

/** The ways to hold: RFC 2543's, and the two of RFC 3264 8.4. */
export const waysToHold: Readonly<Record<string, string>> = {
  "c=0.0.0.0": DEFAULT_MEDIA.replace("[local_ip]", "0.0.0.0").replace("\na=sendrecv", ""),
  "a=sendonly": DEFAULT_MEDIA.replace("sendrecv", "sendonly"),
  "a=inactive": DEFAULT_MEDIA.replace("sendrecv", "inactive"),
};

/** Holds in each way, and takes the call back each time. */
export function holds(): string {
  const steps = Object.values(waysToHold).flatMap((media, n) => [
    ...offers(2 * n + 1, sdp(2 * n + 2, media)),
    pause(200),
    ...offers(2 * n + 2, sdp(2 * n + 3)),
    pause(200),
  ]);
  return scenario("holds", ...up(), ...steps, ...hangsUp(9));
}

/** RFC 3261 9.1, 15: CANCEL crosses its 200. */
export function answersWhenCancelled(): string {
  return scenario(
    "200 crosses CANCEL",
    invited(),
    answer("180 Ringing"),
    receive("CANCEL"),
    send(
      "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]N[call_number]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n",
    ),
    answer("200 OK", { sdp: sdp(1) }),
    receive("ACK"),
    ...isHungUp,
  );
}

// A phone that calls

/** A request of the caller; `inside` the dialog that its INVITE has made. */
function callerRequest(
  method: string,
  o: { readonly cseq?: number; readonly inside?: boolean; readonly sdp?: string; readonly branch?: string } = {},
): string {
  const inside = o.inside ?? true;
  return send(
    `${method} ${inside ? "[next_url]" : "sip:[service]@[remote_ip]:[remote_port]"} SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=${o.branch ?? "[branch]"}
Max-Forwards: 70
From: <sip:5550100@[local_ip]:[local_port]>;tag=[pid]C[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>${inside ? "[peer_tag_param]" : ""}
Call-ID: [call_id]
CSeq: ${o.cseq ?? 1} ${method}
Contact: <sip:5550100@[local_ip]:[local_port]>
${body(o.sdp ?? "")}`,
    method !== "ACK",
  );
}

const rings = '  <recv response="100" optional="true"/>\n  <recv response="180" rrs="true"/>';
const answers = `  <recv response="180" optional="true"/>\n  <recv response="183" optional="true"/>\n${response(200)}`;

/** RFC 3261 13.3.1.4: never acknowledges; SIP Server gives up after 64 T1 and sends BYE. */
export function neverAcknowledges(): string {
  return scenario("no ACK", callerRequest("INVITE", { inside: false, sdp: sdp(1) }), rings, response(200), ...isHungUp);
}

/** RFC 3261 13.2.1: leaves the offer to the other side; its answer comes in the ACK. */
export function leavesOffer(talkMs: number): string {
  return scenario(
    "delayed offer",
    callerRequest("INVITE", { inside: false }),
    answers,
    callerRequest("ACK", { sdp: sdp(1) }),
    pause(talkMs),
    callerRequest("BYE", { cseq: 2 }),
    response(200),
  );
}

/** RFC 3261 15.1.1: BYE in the early dialog. */
export function hangsUpEarly(): string {
  return scenario(
    "BYE in the early dialog",
    callerRequest("INVITE", { inside: false, sdp: sdp(1) }),
    rings,
    pause(100),
    callerRequest("BYE", { cseq: 2 }),
    '  <recv response="200" optional="true" next="told"/>\n  <recv response="487"/>',
    callerRequest("ACK", { branch: "[branch-7]" }),
    '  <recv response="200" next="over"/>',
    '  <label id="told"/>\n  <recv response="487"/>',
    callerRequest("ACK", { branch: "[branch-10]" }),
    '  <label id="over"/>\n  <timewait milliseconds="100"/>',
  );
}

/** BYE instead of the ACK, which comes later. */
export function hangsUpBeforeAck(): string {
  return scenario(
    "BYE before ACK",
    callerRequest("INVITE", { inside: false, sdp: sdp(1) }),
    answers,
    callerRequest("BYE", { cseq: 2 }),
    response(200),
    callerRequest("ACK"),
  );
}

/** RFC 3261 9.2: CANCEL that comes behind the 200 changes nothing. */
export function cancelsTooLate(): string {
  return scenario(
    "CANCEL crosses 200",
    callerRequest("INVITE", { inside: false, sdp: sdp(1) }),
    rings,
    response(200),
    callerRequest("CANCEL", { inside: false, branch: "[branch-5]" }),
    '  <recv response="200"/>',
    callerRequest("ACK"),
    pause(500),
    callerRequest("BYE", { cseq: 2 }),
    response(200),
  );
}
