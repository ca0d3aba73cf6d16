/** SIPp scenarios of Sidetone's neighbours, written from the contract of the interfaces between the parts. */

const reply = (line: string, more: readonly string[] = [], body = "", contentType = "application/sdp"): string =>
  [
    `SIP/2.0 ${line}`,
    "[last_Via:]",
    "[last_Record-Route:]",
    "[last_From:]",
    "[last_To:];tag=[pid]N[call_number]",
    "[last_Call-ID:]",
    "[last_CSeq:]",
    "Contact: <sip:[local_ip]:[local_port];transport=[transport]>",
    ...more,
    ...(body === ""
      ? ["Content-Length: 0", "", ""]
      : [`Content-Type: ${contentType}`, "Content-Length: [len]", "", body]),
  ].join("\n");

/** In-dialog replies: the To header has its tag already. */
const inDialog = (line: string, body = "", contentType = "application/sdp"): string =>
  reply(line, [], body, contentType).replace("[last_To:];tag=[pid]N[call_number]", "[last_To:]");

const send = (text: string, retrans = false): string =>
  `  <send${retrans ? ' retrans="500"' : ""}><![CDATA[\n${text}\n]]></send>`;

/** G.711 both ways with telephone-event: what a media server answers. */
const anchorSdp = `v=0
o=stand-in 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
`;

/** A loop that answers what comes in a dialog until BYE. `afterAck` runs once. */
function dialogLoop(infoReply: string, sdp: string): string {
  return `  <label id="loop"/>
  <recv request="BYE" optional="true" next="bye"/>
  <recv request="INFO" optional="true" next="info"/>
  <recv request="UPDATE" optional="true" next="update"/>
  <recv request="ACK" optional="true" next="loop"/>
  <recv request="INVITE" rrs="true"/>
${send(inDialog("200 OK", sdp), true)}
  <recv request="ACK" next="loop"/>
  <label id="info"/>
  <nop/>
${send(infoReply)}
  <nop next="loop"/>
  <label id="update"/>
  <nop/>
${send(inDialog("200 OK"))}
  <nop next="loop"/>
  <label id="bye"/>
  <nop/>
${send(inDialog("200 OK"))}
</scenario>
`;
}

/** Resource Manager and Media Server in one, as SIP Server sees them: takes legs, answers every MSML with 200. */
export function mediaServerStandIn(): string {
  const result = '<?xml version="1.0"?><msml version="1.1"><result response="200"/></msml>';
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="resource manager and media server">
  <recv request="INVITE" crlf="true" rrs="true"/>
${send(reply("200 OK", ["X-Resource-Token: stand-in-7", "Allow: INVITE, ACK, BYE, CANCEL, INFO, UPDATE, OPTIONS"], anchorSdp), true)}
  <recv request="ACK"/>
${dialogLoop(inDialog("200 OK", result, "application/msml+xml"), anchorSdp)}`;
}

/** A media server or recorder that refuses every INVITE. */
export function refusing(status: string): string {
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="refuses">
  <recv request="INVITE"/>
${send(reply(status), true)}
  <recv request="ACK"/>
</scenario>
`;
}

/** SIP Server as the Media Server sees it: one leg that talks, waits, and hangs up. `infos` are sent one after another, each must be answered with `expect` in the body. */
export function legStandIn(o: {
  readonly conference: string;
  readonly dn: string;
  readonly mediaPort: number;
  readonly infos: readonly { readonly body: string; readonly pauseMs: number }[];
  readonly holdMs: number;
}): string {
  const head = (method: string, cseq: number, uri: string, to: string): string => `${method} ${uri} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <sip:sip-server@[local_ip]>;tag=[pid]L[call_number]
To: ${to}
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Contact: <sip:[local_ip]:[local_port];transport=[transport]>`;
  const uri = `sip:msml=${o.conference}@[remote_ip]:[remote_port];dn=${o.dn};record`;
  const to = `<sip:msml=${o.conference}@[remote_ip]>`;
  const sdp = `v=0
o=stand-in 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio ${o.mediaPort} RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=sendrecv
`;
  const infos = o.infos.map(
    ({ body, pauseMs }, index) => `${send(
      `${head("INFO", index + 2, "[next_url]", `${to}[peer_tag_param]`)}
Content-Type: application/msml+xml
Content-Length: [len]

${body}`,
      true,
    )}
  <label id="wait${index}"/>
  <recv request="INFO" optional="true" next="event${index}"/>
  <recv response="200"><action><ereg regexp="response=.200." search_in="body" check_it="true" assign_to="ok"/></action></recv>
  <label id="pause${index}"/>
  <recv request="INFO" timeout="${pauseMs}" ontimeout="on${index}"/>
${send("SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n")}
  <nop next="pause${index}"/>
  <label id="event${index}"/>
  <nop/>
${send("SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n")}
  <nop next="wait${index}"/>
  <label id="on${index}"/>
  <nop/>`,
  );
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="sip server">
${send(
  `${head("INVITE", 1, uri, to)}
X-Genesys-CallUUID: JBNIHE6GIL09DCQ7KUREMIUHVC000001
Content-Type: application/sdp
Content-Length: [len]

${sdp}`,
  true,
)}
  <recv response="100" optional="true"/>
  <recv response="200" rrs="true"><action><ereg regexp="tag=([a-zA-Z0-9.:_-]+)" search_in="hdr" header="To:" assign_to="whole,tag"/></action></recv>
${send(`${head("ACK", 1, "[next_url]", `${to}[peer_tag_param]`)}\nContent-Length: 0\n\n`)}
${infos.join("\n")}
  <label id="hold"/>
  <recv request="INFO" timeout="${o.holdMs}" ontimeout="bye"/>
${send("SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n")}
  <nop next="hold"/>
  <label id="bye"/>
  <nop/>
${send(`${head("BYE", o.infos.length + 2, "[next_url]", `${to}[peer_tag_param]`)}\nContent-Length: 0\n\n`, true)}
  <label id="end"/>
  <recv request="INFO" optional="true" next="late"/>
  <recv response="200" next="done"/>
  <label id="late"/>
  <nop/>
${send("SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n")}
  <nop next="end"/>
  <label id="done"/>
  <nop/>
  <Reference variables="whole,tag${o.infos.length > 0 ? ",ok" : ""}"/>
</scenario>
`;
}

/** A session recording client (RFC 7866) as the recorder sees it: two streams, complete metadata, BYE after `talkMs`. */
export function recordingClient(o: {
  readonly id: string;
  readonly ports: readonly [number, number];
  readonly talkMs: number;
  readonly pause?: boolean;
}): string {
  const head = (method: string, cseq: number, uri: string, tag: string): string => `${method} ${uri} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <sip:src@[local_ip]>;tag=[pid]S[call_number]
To: <sip:record=${o.id}@[remote_ip]>${tag}
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Contact: <sip:src@[local_ip]:[local_port];transport=[transport]>;+sip.src
Require: siprec`;
  const body = (version: number, direction: string): string => `--stand-in
Content-Type: application/sdp

v=0
o=src 1 ${version} IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio ${o.ports[0]} RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=label:1
a=${direction}
m=audio ${o.ports[1]} RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=label:2
a=${direction}
--stand-in
Content-Type: application/rs-metadata+xml
Content-Disposition: recording-session

<?xml version="1.0" encoding="UTF-8"?>
<recording xmlns="urn:ietf:params:xml:ns:recording:1">
<datamode>complete</datamode>
<session session_id="7+OTCyoxTmqmqyA/1weDAg=="><sipSessionID>ab30317f1a784dc48ff824d0d3715d86</sipSessionID></session>
<participant participant_id="srfBElmCRp2QB23b7Mpk0w=="><nameID aor="sip:5550100@example.com"/></participant>
<participant participant_id="zSfPoSvdSDCmU3A3TRDxAw=="><nameID aor="sip:7001@example.com"/></participant>
<stream stream_id="UAAMm5GRQKSCMVvLyl4rFw==" session_id="7+OTCyoxTmqmqyA/1weDAg=="><label>1</label></stream>
<stream stream_id="8zc6e0lYTlWIINA6GR+3ag==" session_id="7+OTCyoxTmqmqyA/1weDAg=="><label>2</label></stream>
<participantstreamassoc participant_id="srfBElmCRp2QB23b7Mpk0w=="><send>UAAMm5GRQKSCMVvLyl4rFw==</send><recv>8zc6e0lYTlWIINA6GR+3ag==</recv></participantstreamassoc>
<participantstreamassoc participant_id="zSfPoSvdSDCmU3A3TRDxAw=="><send>8zc6e0lYTlWIINA6GR+3ag==</send><recv>UAAMm5GRQKSCMVvLyl4rFw==</recv></participantstreamassoc>
</recording>
--stand-in--
`;
  const uri = `sip:record=${o.id}@[remote_ip]:[remote_port];calluuid=JBNIHE6GIL09DCQ7KUREMIUHVC000002;dn=7001;otherdn=5550100;recorddn=7001;copy=1;epoch=1`;
  const invite = (cseq: number, target: string, tag: string, version: number, direction: string): string =>
    `${send(`${head("INVITE", cseq, target, tag)}\nContent-Type: multipart/mixed;boundary=stand-in\nContent-Length: [len]\n\n${body(version, direction)}`, true)}
  <recv response="100" optional="true"/>
  <recv response="200" rrs="true"/>
${send(`${head("ACK", cseq, "[next_url]", "[peer_tag_param]")}\nContent-Length: 0\n\n`)}`;
  const pauses =
    o.pause === true
      ? `${invite(2, "[next_url]", "[peer_tag_param]", 2, "inactive")}
  <pause milliseconds="${o.talkMs}"/>
${invite(3, "[next_url]", "[peer_tag_param]", 3, "sendonly")}
  <pause milliseconds="${o.talkMs}"/>`
      : "";
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="recording client">
${invite(1, uri, "", 1, "sendonly")}
  <pause milliseconds="${o.talkMs}"/>
${pauses}
${send(`${head("BYE", 4, "[next_url]", "[peer_tag_param]")}\nContent-Length: 0\n\n`, true)}
  <recv response="200"/>
</scenario>
`;
}
