import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMessage, type ServerTransaction, type SipRequest } from "@sidetone/sip";
import { dispatchRequest } from "./request-dispatch.ts";

function ask(method: string): { status: number | string; allow: string[] } {
  const text = `${method} sip:sidetone.local SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 ${method}\r\n\r\n`;
  const parsed = parseMessage(Buffer.from(text));
  assert(parsed.ok && parsed.value.kind === "request");
  const request: SipRequest = parsed.value;
  let answer: { status: number | string; allow: string[] } = { status: "none", allow: [] };
  const tx: Pick<ServerTransaction, "request" | "respond"> = {
    request,
    respond: (status, o) => {
      const allow = o?.headers?.find(([name]) => name === "Allow")?.[1].split(", ") ?? [];
      answer = { status, allow };
    },
  };
  dispatchRequest(tx as ServerTransaction, {
    onInvite: () => (answer = { status: "served", allow: [] }),
    onRegister: () => (answer = { status: "served", allow: [] }),
  });
  return answer;
}

test("RFC 3261 21.4.6: what 405 names in Allow is served here; what OPTIONS names is not refused where it has a meaning", () => {
  for (const method of ["REFER", "NOTIFY", "MESSAGE", "SUBSCRIBE", "PUBLISH"]) {
    const { status, allow } = ask(method);
    assert.equal(status, 405);
    assert.equal(allow.includes(method), false);
    for (const named of allow.filter((m) => m !== "ACK" && m !== "CANCEL")) {
      assert.ok(["served", 200].includes(ask(named).status), `${named} is in Allow and is not served`);
    }
    assert.equal(ask("OPTIONS").allow.includes(method), false);
  }
  assert.equal(ask("FOO").status, 501);
});
