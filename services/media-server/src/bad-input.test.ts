import assert from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { MediaServerConfig } from "@sidetone/config";
import { PlainClient } from "../test-support/plain-client.ts";
import { config, context, portIn, rtpPacket, socket } from "../test-support/wire.ts";
import { startMediaServer } from "./index.ts";

interface Scene {
  readonly server: string;
  readonly client: PlainClient;
  /** Fails where the call that is up has lost audio since it was asked last. */
  readonly untouched: () => Promise<void>;
}

/** A Media Server with a call of two that are joined to each other, whose audio goes on, and a client that behaves badly. */
async function scene(t: { after(run: () => unknown): void }, more: Partial<MediaServerConfig> = {}): Promise<Scene> {
  const role = await startMediaServer({ ...config("sip:127.0.0.1:9;transport=tcp"), ...more }, context);
  const server = role.listening[0]?.replace("tcp://", "") ?? "";
  const [phoneA, phoneB, own] = await Promise.all([socket(), socket(), socket()]);
  const good = await PlainClient.connect(server, "127.0.0.2");
  const second = await PlainClient.connect(server, "127.0.0.2");
  const portA = portIn(Buffer.from(await good.invite(phoneA.port)));
  await second.invite(phoneB.port);
  const joined = await good.msml(
    `<createconference name="call"/><join id1="${good.conn}" id2="conf:call"/><join id1="${second.conn}" id2="conf:call"/>`,
  );
  assert.equal(joined.code, 200, joined.body);
  const client = await PlainClient.connect(server);
  await client.invite(own.port);
  let sent = 0;
  let heard = 0;
  phoneB.on("message", () => heard++);
  const sending = setInterval(() => phoneA.send(rtpPacket(++sent, 1), portA, "127.0.0.1"), 20);
  t.after(async () => {
    clearInterval(sending);
    for (const one of [good, second, client]) one.close();
    await role.close();
    for (const one of [phoneA, phoneB, own]) one.close();
  });
  const untouched = async (): Promise<void> => {
    const [was, from] = [heard, sent];
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(sent - from >= 2 && heard - was >= sent - from - 2, `${heard - was} of ${sent - from} packets`);
    assert.equal((await good.msml('<audit queryid="conf:call"/>')).code, 200);
  };
  return { server, client, untouched };
}

test("XML bombs, external entities, unknown elements and namespaces: refused with their code, calls go on", {
  timeout: 60_000,
}, async (t) => {
  const { client, untouched } = await scene(t);
  const bomb = `<!DOCTYPE msml [<!ENTITY a "ha">${Array.from("bcdefghij", (name, n) => `<!ENTITY ${name} "${`&${"abcdefghi"[n]};`.repeat(10)}">`).join("")}]>`;
  const table: [number, string][] = [
    [400, `${bomb}<msml version="1.1"><createconference name="&j;"/></msml>`],
    [
      400,
      '<!DOCTYPE msml [<!ENTITY x SYSTEM "file:///etc/passwd">]><msml version="1.1"><createconference name="&x;"/></msml>',
    ],
    [400, '<!DOCTYPE msml SYSTEM "http://127.0.0.1:1/x.dtd"><msml version="1.1"/>'],
    [400, "<msml version='1.1'><createconference name='x'>"],
    [400, "\u0000\u0001\u0002"],
    [521, `<msml version="1.1">${"<a>".repeat(5000)}${"</a>".repeat(5000)}</msml>`],
    [521, `<msml version="1.1">${'<audit queryid="conn:*"/>'.repeat(65)}</msml>`],
    [401, '<msml version="1.1"><explode/></msml>'],
    [401, '<msml version="1.1"><x:join xmlns:x="urn:elsewhere" id1="conn:a" id2="conf:b"/></msml>'],
    [406, '<msml version="1.1"><createconference nmae="x"/></msml>'],
    [
      402,
      `<msml version="1.1"><dialogstart target="${client.conn}" type="application/moml+xml"><faxsend/></dialogstart></msml>`,
    ],
    [
      420,
      `<msml version="1.1"><dialogstart target="${client.conn}" type="application/vxml+xml" src="http://127.0.0.1/a"/></msml>`,
    ],
  ];
  for (const [code, body] of table) {
    const { start, body: answer } = await client.info(body);
    assert.match(`${start} ${answer}`, new RegExp(`200.*<result response="${code}"`, "s"), body.slice(0, 100));
  }
  await untouched();
});

test("a document of 10 MB: its connection is closed or it is refused, memory stays, calls go on", {
  timeout: 60_000,
}, async (t) => {
  const { server, client, untouched } = await scene(t);
  const big = await PlainClient.connect(server, "127.0.0.3");
  const before = process.memoryUsage().rss;
  const answer = await Promise.race([
    big.info(`<msml version="1.1">${" ".repeat(10_000_000)}</msml>`).then(({ start }) => start),
    new Promise<string>((resolve) => setTimeout(() => resolve("none"), 3000)),
  ]).catch(() => "none");
  assert.doesNotMatch(answer, /^SIP\/2\.0 200/);
  assert.ok(process.memoryUsage().rss - before < 150_000_000, "bounded memory");
  const most = await client.info(`<msml version="1.1">${" ".repeat(30_000)}<audit queryid="conn:*"/></msml>`);
  assert.match(most.body, /response="200"/);
  big.close();
  await untouched();
});

test("ids of another client's objects are 430, as if they did not exist; names of another are free; wildcards and audits see the own", {
  timeout: 60_000,
}, async (t) => {
  const { server, client, untouched } = await scene(t);
  const other = await PlainClient.connect(server, "127.0.0.3");
  const phone = await socket();
  await other.invite(phone.port);
  t.after(() => {
    other.close();
    phone.close();
  });
  assert.equal((await other.msml('<createconference name="theirs"/>')).code, 200);
  const table = [
    '<destroyconference id="conf:theirs"/>',
    '<modifyconference id="conf:theirs"><audiomix/></modifyconference>',
    `<join id1="${client.conn}" id2="conf:theirs"/>`,
    `<join id1="${other.conn}" id2="${client.conn}"/>`,
    `<monitor id1="${other.conn}" id2="${client.conn}"/>`,
    `<unjoin id1="conn:*" id2="conf:theirs"/>`,
    `<audit queryid="conf:theirs"/>`,
    `<audit queryid="${other.conn}"/>`,
    `<dialogstart target="${other.conn}" type="application/moml+xml"><play><audio uri="file:///music.wav"/></play></dialogstart>`,
    `<dialogend id="${other.conn}/dialog:x"/>`,
    `<send event="terminate" target="${other.conn}/dialog:x"/>`,
    '<modifyconference id="conf:call"><rec:recorder state="stop"/></modifyconference>',
  ];
  for (const inner of table) {
    const theirs = await client.msml(inner);
    const nobody = await client.msml(
      inner
        .replaceAll(other.conn, "conn:nobody")
        .replaceAll("conf:theirs", "conf:nobody")
        .replaceAll("conf:call", "conf:nobody"),
    );
    assert.equal(theirs.code, 430, inner);
    const known = (body: string): string =>
      body
        .replaceAll(other.conn, "X")
        .replaceAll("conn:nobody", "X")
        .replaceAll(/conf:(theirs|call|nobody)/g, "Y");
    assert.equal(known(theirs.body), known(nobody.body), "nothing tells that it exists");
  }
  assert.equal((await client.msml('<createconference name="theirs"/><createconference name="call"/>')).code, 200);
  const audit = await client.msml('<audit queryid="conn:*"/>');
  assert.equal(audit.body.match(/<auditresult/g)?.length, 1);
  assert.equal((await client.msml('<destroyconference id="conf:call"/>')).code, 200);
  await untouched();
});

test("10,000 conferences: 520 above the limit, memory stays, another client has room, and all of it works again when they end", {
  timeout: 120_000,
}, async (t) => {
  const { server, client, untouched } = await scene(t);
  const before = process.memoryUsage().heapUsed;
  let made = 0;
  let refused = 0;
  for (let from = 0; from < 10_000; from += 50) {
    const names = Array.from(
      { length: 50 },
      (_, n) => `<createconference name="flood${from + n}" deletewhen="never"/>`,
    );
    const { code } = await client.msml(names.join(""));
    if (code === 200) made += 50;
    else {
      assert.equal(code, 520);
      refused += 50;
    }
  }
  assert.deepEqual([made, refused], [2500, 7500]);
  assert.ok(process.memoryUsage().heapUsed - before < 100_000_000, "bounded memory");
  const other = await PlainClient.connect(server, "127.0.0.3");
  const phone = await socket();
  await other.invite(phone.port);
  t.after(() => {
    other.close();
    phone.close();
  });
  assert.equal((await other.msml('<createconference name="flood1"/>')).code, 200);
  await untouched();
  for (let from = 0; from < 2500; from += 50) {
    const names = Array.from({ length: 50 }, (_, n) => `<destroyconference id="conf:flood${from + n}"/>`);
    assert.equal((await client.msml(names.join(""))).code, 200);
  }
  assert.equal(
    (await client.msml(`<createconference name="again"/><join id1="${client.conn}" id2="conf:again"/>`)).code,
    200,
  );
  await untouched();
});

test("files outside the folder are refused or not found, whatever leads there", { timeout: 60_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "sidetone-prompts-"));
  const outside = await mkdtemp(join(tmpdir(), "sidetone-outside-"));
  t.after(() => Promise.all([folder, outside].map((one) => rm(one, { recursive: true, force: true }))));
  const wav = Buffer.concat([
    Buffer.from(
      "RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x07\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\xa0\x00\x00\x00",
      "latin1",
    ),
    Buffer.alloc(160, 0xff),
  ]);
  await Promise.all([
    writeFile(join(folder, "good.wav"), wav),
    writeFile(join(outside, "secret.wav"), wav),
    symlink(join(outside, "secret.wav"), join(folder, "link.wav")),
    symlink(outside, join(folder, "sub")),
    symlink("good.wav", join(folder, "inside.wav")),
  ]);
  const { client, untouched } = await scene(t, { prompts: folder });
  const play = async (uri: string): Promise<number> => {
    const inner = `<dialogstart target="${client.conn}" type="application/moml+xml"><play><audio uri="${uri}"/></play></dialogstart>`;
    return (await client.msml(inner)).code;
  };
  assert.deepEqual(
    [await play("file:///good.wav"), await play("file://good.wav"), await play("file:///inside.wav")],
    [200, 200, 200],
  );
  for (const uri of [
    `file:///../${outside.split("/").at(-1)}/secret.wav`,
    `file://${outside}/secret.wav`,
    `file:///${outside}/secret.wav`,
    "file:///%2e%2e/secret.wav",
    "file:///a/../../secret.wav",
    "file:///..%2fsecret.wav",
    "file:///.hidden.wav",
    "FILE:///../x.wav",
    "file:good.wav",
    "file://localhost/good.wav",
    "/etc/passwd",
  ]) {
    const code = await play(uri);
    assert.ok(code === 410 || code === 423, `${uri}: ${code}`);
  }
  assert.deepEqual(
    [await play("file:///link.wav"), await play("file:///sub/secret.wav")],
    [423, 423],
    "links that lead out",
  );
  await untouched();
});

test("http sources: never ending, slow, too large, redirected to file: or to what is not allowed: 423 or 450 by the exit, in bounded time", {
  timeout: 60_000,
}, async (t) => {
  const asked: string[] = [];
  const open = new Set<ServerResponse>();
  const web = createServer((request, response) => {
    asked.push(request.url ?? "");
    open.add(response);
    response.on("close", () => open.delete(response));
    const redirect = (to: string): void => void response.writeHead(302, { location: to }).end();
    switch (request.url) {
      case "/ok/endless.wav": {
        response.writeHead(200, { "content-type": "audio/wav" });
        const more = setInterval(() => response.write(Buffer.alloc(20_000)), 1);
        response.on("close", () => clearInterval(more));
        return;
      }
      case "/ok/slow.wav":
        response.writeHead(200, { "content-type": "audio/wav" });
        response.write("RIFF");
        return;
      case "/ok/silent.wav":
        return;
      case "/ok/large.wav":
        response.writeHead(200, { "content-type": "audio/wav", "content-length": "999999999" });
        response.write("RIFF");
        return;
      case "/ok/page.wav":
        response.writeHead(200, { "content-type": "text/html" }).end("<html>");
        return;
      case "/ok/gone.wav":
        response.writeHead(404).end();
        return;
      case "/ok/file.wav":
        return redirect("file:///etc/passwd");
      case "/ok/elsewhere.wav":
        return redirect(`http://localhost:${(web.address() as AddressInfo).port}/private/x.wav`);
      case "/ok/up.wav":
        return redirect("../private/x.wav");
      case "/ok/loop.wav":
        return redirect("/ok/loop.wav");
      case "/ok/again.wav":
        return redirect("good.wav");
      case "/ok/good.wav":
        response.writeHead(200, { "content-type": "audio/x-wav" });
        response.end(
          Buffer.concat([
            Buffer.from(
              "RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x07\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\xa0\x00\x00\x00",
              "latin1",
            ),
            Buffer.alloc(160, 0xff),
          ]),
        );
        return;
      case "/ok/script.moml":
        response.writeHead(200, { "content-type": "application/moml+xml" });
        response.end(
          `<moml version="1.0" id="x"><play><audio uri="http://${request.headers.host}/ok/good.wav"/></play></moml>`,
        );
        return;
      case "/ok/broken.moml":
        response.writeHead(200, { "content-type": "application/moml+xml" }).end("<moml");
        return;
      case undefined:
        response.writeHead(200, { "content-type": "audio/wav" }).end("secret");
    }
  });
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  t.after(() => {
    for (const response of open) response.destroy();
    web.close();
  });
  const { client, untouched } = await scene(t, {
    promptsHttp: { allow: [`${base}/ok`], maxOctets: 100_000, timeoutMs: 700, maxRedirects: 3 },
  });
  let count = 0;
  const start = async (content: string): Promise<{ code: number; exit: string }> => {
    const name = `d${++count}`;
    const { code } = await client.msml(
      `<dialogstart target="${client.conn}" name="${name}" type="application/moml+xml"${content}</dialogstart>`,
    );
    const exit = code === 200 ? await client.event("msml.dialog.exit", `dialog:${name}"`) : "";
    return { code, exit: /dialog\.exit\.status<\/name>\s*<value>([0-9]+)</.exec(exit)?.[1] ?? "" };
  };
  const play = (url: string) => start(`><play><audio uri="${url}"/></play>`);
  for (const [path, status] of [
    ["endless", "450"],
    ["slow", "423"],
    ["silent", "423"],
    ["large", "450"],
    ["page", "450"],
    ["gone", "423"],
    ["file", "423"],
    ["elsewhere", "423"],
    ["up", "423"],
    ["loop", "423"],
    ["good", ""],
    ["again", ""],
  ] as const) {
    assert.deepEqual(await play(`${base}/ok/${path}.wav`), { code: 200, exit: status }, path);
  }
  for (const url of [
    `${base}/private/x.wav`,
    `${base}/ok/../private/x.wav`,
    `${base}/ok/%2e%2e/private/x.wav`,
    `${base}/okay/x.wav`,
    `${base}/ok/..%2fprivate/x.wav`,
    base.replace("127.0.0.1", "localhost") + "/ok/good.wav",
    `${base.replace("http://", "http://user@")}/ok/good.wav`,
  ]) {
    assert.deepEqual(await play(url), { code: 423, exit: "" }, url);
  }
  assert.ok(!asked.some((path) => path.includes("private")), "what is not allowed is never asked");
  assert.deepEqual(await start(` src="${base}/ok/script.moml">`), { code: 200, exit: "" });
  assert.deepEqual(await start(` src="${base}/ok/broken.moml">`), { code: 200, exit: "424" });
  assert.deepEqual(await start(` src="${base}/ok/gone.wav">`), { code: 200, exit: "423" });
  assert.equal(open.size, 0, "nothing is read on");
  await untouched();
});

test("two requests at once about one conference: both are executed, one after the other; on two dialogs too", {
  timeout: 60_000,
}, async (t) => {
  const { server, client, untouched } = await scene(t);
  const second = await PlainClient.connect(server);
  const phone = await socket();
  await second.invite(phone.port);
  t.after(() => {
    second.close();
    phone.close();
  });
  assert.equal((await client.msml('<createconference name="c" deletewhen="never"/>')).code, 200);
  const join = `<join id1="${client.conn}" id2="conf:c"/>`;
  const leave = `<unjoin id1="${client.conn}" id2="conf:c"/>`;
  const codes = await Promise.all(
    Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? client : second).msml(n % 2 === 0 ? join : leave)),
  );
  assert.ok(codes.every(({ code }) => code === 200 || code === 430));
  const once = await Promise.all(Array.from({ length: 4 }, () => client.msml('<createconference name="once"/>')));
  assert.deepEqual(
    once.map(({ code }) => code).toSorted((x, y) => x - y),
    [200, 432, 432, 432],
  );
  await untouched();
});
