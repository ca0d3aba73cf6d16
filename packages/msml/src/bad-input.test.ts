import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMsml, readMoml, readMsml } from "./index.ts";

function codeOf(body: string | Uint8Array): number {
  const read = readMsml(body);
  return read.ok ? 200 : read.error.response;
}

function msml(inside: string): string {
  return `<msml version="1.1">${inside}</msml>`;
}

/** What reading costs; µs of this process's own time, which other jobs do not change much. */
function cpuOf(read: () => void): number {
  const before = process.cpuUsage();
  read();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const TEN_MB = 10_485_760;

test("an XML bomb and external entities are refused before anything is expanded or fetched", () => {
  const levels = Array.from({ length: 30 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join("");
  const bomb = `<!DOCTYPE msml [<!ENTITY e0 "lol">${levels}]>${msml("<createconference name='&e30;'/>")}`;
  const external = `<!DOCTYPE msml SYSTEM "http://192.0.2.1/a.dtd">${msml("<createconference/>")}`;
  const file = `<!DOCTYPE msml [<!ENTITY x SYSTEM "file:///etc/passwd">]>${msml("<createconference name='&x;'/>")}`;
  for (const body of [bomb, external, file]) {
    assert.equal(codeOf(body), 400);
    assert.equal(checkMsml(body).read.ok, false);
  }
  assert.equal(codeOf(`<?xml-stylesheet href="http://192.0.2.1/"?>${msml("<createconference/>")}`), 400);
});

test("10 MB are refused by their length, without being read", () => {
  const bytes = new Uint8Array(TEN_MB).fill(0x20);
  const many = msml("<createconference/>".repeat(TEN_MB / 19));
  const long = msml(`<createconference name="${"a".repeat(TEN_MB)}"/>`);
  const heap = process.memoryUsage().heapUsed;
  const cpu = cpuOf(() => {
    for (let i = 0; i < 100; i += 1) for (const body of [bytes, many, long]) assert.equal(codeOf(body), 521);
  });
  assert.ok(cpu < 500_000, `${cpu} µs for 300 documents`);
  assert.ok(process.memoryUsage().heapUsed - heap < 16 * 1_048_576);
});

test("depth, number and attributes are bounded: 521", () => {
  const nested = `${"<group topology='serial' id='g'>".repeat(40)}${"</group>".repeat(40)}`;
  const dialog = `<dialogstart target="conn:a" type="application/moml+xml">${nested}</dialogstart>`;
  assert.equal(codeOf(msml(dialog)), 521);
  assert.equal(codeOf(msml(`<createconference>${"<audiomix/>".repeat(2500)}</createconference>`)), 521);
  const attributes = Array.from({ length: 80 }, (_, i) => `a${i}="1"`).join(" ");
  assert.equal(codeOf(msml(`<createconference ${attributes}/>`)), 521);
  assert.equal(codeOf(msml("<createconference/>".repeat(65))), 521);
});

test("each of the dialog's lists is bounded: 521", () => {
  const dialog = (inside: string): string =>
    msml(`<dialogstart target="conn:a" type="application/moml+xml">${inside}</dialogstart>`);
  const audio = "<audio uri='file:///a.wav'/>";
  const pattern = "<pattern digits='1'><exit/></pattern>";
  const list = "a ".repeat(129);
  for (const inside of [
    `<play>${audio.repeat(17)}</play>`,
    `<collect>${pattern.repeat(65)}</collect>`,
    `<tonegen>${"<silence duration='1s'/>".repeat(65)}</tonegen>`,
    `<dtmfgen digits="${"1".repeat(129)}"/>`,
    `<record format="audio/wav" maxtime="1s">${`<play>${audio}</play>`.repeat(17)}</record>`,
    `<exit namelist="${list}"/>`,
  ]) {
    assert.equal(codeOf(dialog(inside)), 521, inside.slice(0, 40));
  }
  assert.equal(codeOf(msml(`<send event="e" target="conn:a" valuelist="${list}"/>`)), 521);
  assert.equal(codeOf(msml(`<audit queryid="conf:*" statelist="${"audit.conf.dialog ".repeat(129)}"/>`)), 521);
});

test("what is no UTF-8, or no characters of XML, is a bad request", () => {
  const prefix = Buffer.from('<msml version="1.1"><createconference name="');
  const bad = Buffer.concat([prefix, Buffer.from([0xc3, 0x28]), Buffer.from('"/></msml>')]);
  assert.equal(codeOf(bad), 400);
  assert.equal(codeOf(Buffer.from(msml("<createconference/>"), "utf16le")), 400);
  assert.equal(codeOf(msml("<createconference name='\u0000'/>")), 400);
  assert.equal(codeOf(new Uint8Array(0)), 400);
});

test("the worst documents within the limits cost little", () => {
  const names = Array.from({ length: 60 }, (_, i) => `x:a${i}="${"b".repeat(1000)}"`).join(" ");
  const maps = `<pattern format="mgcp" digits="(${"x.|".repeat(160)}1)"><exit/></pattern>`.repeat(64);
  const bodies = [
    `<msml xmlns:x="urn:x"><createconference ${names}/></msml>`,
    msml(`<dialogstart target="conn:a"><collect>${maps}</collect></dialogstart>`),
    msml(`<audit queryid="conf:*" statelist="${"audit.conf.* ".repeat(128)}"/>`),
    msml(" ".repeat(65_000)),
    msml(`<createconference deletewhen="${"+".repeat(30_000)}"/>`),
    msml(`<dialogstart target="conn:a"><record format="audio/${"a;".repeat(15_000)}" maxtime="1s"/></dialogstart>`),
    msml(`<dialogstart target="conn:a"><play interval="${"1".repeat(30_000)}s"><audio uri="a"/></play></dialogstart>`),
  ];
  for (const body of bodies) {
    const cpu = cpuOf(() => {
      for (let i = 0; i < 10; i += 1) checkMsml(body);
    });
    assert.ok(cpu < 2_000_000, `${cpu} µs for 10 of ${body.slice(0, 80)}`);
  }
});

test("an error text holds what is wrong in one line, however long that is", () => {
  const value = `${"a".repeat(5000)}\r\nX-Injected: 1`;
  for (const body of [
    msml(`<createconference name="${value}"/>`),
    msml(`<createconference deletewhen="${value}"/>`),
    msml(`<${"b".repeat(5000)}/>`),
    msml(`<createconference ${"c".repeat(5000)}="1"/>`),
    `<msml version="1.1" xmlns:x="urn:${"d".repeat(5000)}"><x:join/></msml>`,
  ]) {
    const read = readMsml(body);
    assert.ok(!read.ok);
    assert.ok(read.error.description.length < 400, String(read.error.description.length));
    assert.doesNotMatch(read.error.description, /[\r\n]/);
  }
});

test("RFC 5707 9.6.1: a fetched dialog that is no XML is 424, another root 425, and its mistakes have their own codes", () => {
  const code = (body: string): number => {
    const read = readMoml(body);
    return read.ok ? 200 : read.error.response;
  };
  assert.equal(code("<moml"), 424);
  assert.equal(code("<!DOCTYPE moml><moml/>"), 424);
  assert.equal(code("<vxml version='2.0'/>"), 425);
  assert.equal(code("<moml version='1.0' id='a'/>"), 403);
  assert.equal(code("<moml version='1.0' id='a'><vad/></moml>"), 402);
  assert.equal(code("<moml version='1.0' id='a'><exit/></moml>"), 200);
});
