import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { type Socket, connect } from "node:net";
import { type TestContext, test } from "node:test";
import { delay, systemClock } from "@sidetone/foundation";
import { runRecorder } from "./testing-src.ts";

const SDP =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=sendonly\r\n";

/** A client that says what no stack of ours would. */
class Raw {
  readonly #socket: Socket;
  readonly #uri: string;
  #cseq = 0;
  #text = "";
  #toTag = "";

  private constructor(socket: Socket, recorder: string, id: string) {
    this.#socket = socket;
    this.#uri = `sip:record=${id}@${recorder}`;
    socket.on("data", (data: Buffer) => {
      this.#text += data.toString();
    });
  }

  static async open(t: TestContext, recorder: string, id = "refusals"): Promise<Raw> {
    const [host = "", port = ""] = recorder.split(":");
    const socket = connect(Number(port), host);
    t.after(() => socket.destroy());
    await once(socket, "connect");
    return new Raw(socket, recorder, id);
  }

  /** Sends a request and gives its final response. */
  async ask(method: string, headers: readonly string[], body = ""): Promise<string> {
    this.#text = "";
    this.#cseq += 1;
    this.#send(method, headers, body);
    for (let i = 0; i < 60 && !/^SIP\/2\.0 [2-6][^]*\r\n\r\n/m.test(this.#text); i++)
      await once(this.#socket, "data", { signal: AbortSignal.timeout(3000) });
    const response = this.#text.slice(this.#text.search(/^SIP\/2\.0 [2-6]/m));
    const accepted = response.startsWith("SIP/2.0 2");
    if (method === "INVITE") {
      if (accepted) this.#toTag = /^To:.*;tag=([^;\s]+)/im.exec(response)?.[1] ?? "";
      this.#send("ACK", [], "");
    }
    return response;
  }

  #send(method: string, headers: readonly string[], body: string): void {
    const tag = this.#toTag === "" ? "" : `;tag=${this.#toTag}`;
    const lines = [
      `${method} ${this.#uri} SIP/2.0`,
      `Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK${method === "ACK" ? `A${this.#cseq}` : this.#cseq};rport`,
      "Max-Forwards: 70",
      "From: <sip:raw@127.0.0.1>;tag=raw",
      `To: <${this.#uri}>${tag}`,
      "Call-ID: refusals",
      `CSeq: ${this.#cseq} ${method}`,
      "Contact: <sip:raw@127.0.0.1:9;transport=tcp>;+sip.src",
      ...headers,
      `Content-Length: ${body.length}`,
    ];
    this.#socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  }
}

async function rig(t: TestContext, id?: string): Promise<{ raw: Raw; url: string }> {
  const r = await runRecorder();
  t.after(async () => {
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  });
  return { raw: await Raw.open(t, r.sip, id), url: r.url };
}

const sdp = "Content-Type: application/sdp";

test("RFC 3261 8.2.2.3: an extension that we lack is 420 with Unsupported, outside a dialog and inside", {
  timeout: 20_000,
}, async (t) => {
  const { raw } = await rig(t);
  const foo = "Require: siprec, foo";
  for (const [method, body] of [
    ["OPTIONS", ""],
    ["INVITE", SDP],
  ] as const) {
    const refused = await raw.ask(method, [foo, ...(body === "" ? [] : [sdp])], body);
    assert.match(refused, /^SIP\/2\.0 420 /, method);
    assert.match(refused, /^Unsupported: foo\r$/m, method);
  }
  assert.match(await raw.ask("PUBLISH", [foo]), /^SIP\/2\.0 405 /);
  assert.match(await raw.ask("INVITE", ["Require: siprec", sdp], SDP), /^SIP\/2\.0 200 /);
  for (const method of ["OPTIONS", "INFO", "UPDATE", "INVITE"]) {
    const refused = await raw.ask(method, [foo]);
    assert.match(refused, /^SIP\/2\.0 420 [^]*^Unsupported: foo\r$/m, method);
  }
  assert.match(await raw.ask("BYE", []), /^SIP\/2\.0 200 /);
});

test("R8: a recording whose id no URL can carry is served under one of ours, with a warning", {
  timeout: 20_000,
}, async (t) => {
  const { raw, url } = await rig(t, "..");
  assert.match(await raw.ask("INVITE", [sdp], SDP), /^SIP\/2\.0 200 /);
  assert.match(await raw.ask("BYE", []), /^SIP\/2\.0 200 /);
  let found: { id: string; state: string; warnings: { code: string }[] } | undefined;
  for (let i = 0; i < 40 && found?.state !== "complete"; i++) {
    await delay(systemClock, 50);
    [found] = ((await (await fetch(`${url}/api/v1/recordings`)).json()) as { recordings: (typeof found)[] }).recordings;
  }
  assert.match(found?.id ?? "", /^[0-9a-f]{32}$/);
  assert.ok(found?.warnings.some((w) => w.code === "id-not-usable"));
  assert.equal((await fetch(`${url}/api/v1/recordings/${found?.id}`)).status, 200);
});

test("RFC 3261 8.2.3: a body that we do not know is 415 with Accept, unless it says that it is optional", {
  timeout: 20_000,
}, async (t) => {
  const { raw } = await rig(t);
  const unknown = "Content-Type: application/x";
  const accept = /^SIP\/2\.0 415 [^]*^Accept: application\/sdp, multipart\/mixed, application\/rs-metadata\+xml/m;
  assert.match(await raw.ask("INVITE", [unknown], "x"), accept);
  assert.match(await raw.ask("INVITE", [sdp], SDP), /^SIP\/2\.0 200 /);
  assert.match(await raw.ask("INVITE", [unknown], "x"), accept);
  const parts = "--b\r\nContent-Type: application/x\r\n\r\nx\r\n--b--\r\n";
  assert.match(await raw.ask("INVITE", ["Content-Type: multipart/mixed;boundary=b"], parts), accept);
  assert.match(await raw.ask("INVITE", [sdp], "nothing"), /^SIP\/2\.0 400 [^]*^Warning: 399 sidetone "SDP: /m);
  const optional = "Content-Disposition: render;handling=optional";
  assert.match(await raw.ask("INVITE", [unknown, optional], "x"), /^SIP\/2\.0 200 /);
  assert.match(await raw.ask("INVITE", [sdp], SDP.replace("o=- 1 1", "o=- 1 2")), /^SIP\/2\.0 200 /);
  assert.match(await raw.ask("BYE", []), /^SIP\/2\.0 200 /);
});
