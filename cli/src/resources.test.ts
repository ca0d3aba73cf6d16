import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { changeResource, resourcesText, watchResources } from "./resources.ts";

const resource = {
  group: "media-servers",
  service: "msml",
  address: "sip:127.0.0.1:5080;transport=tcp",
  state: "up",
  sinceMs: 125_000,
  sessions: 30,
  capacity: 1500,
  share: 0.02,
  lastAnswer: { status: "200", agoMs: 400 },
};
const answer = {
  groups: [
    { name: "media-servers", service: "msml", scheme: "least-used", preference: 1, up: 1, resources: 2, sessions: 30 },
  ],
  resources: [
    resource,
    { ...resource, address: "sip:b", state: "withdrawn", reason: "withdrawn by hand", sessions: 2, share: 0.001 },
    { ...resource, address: "sip:c", state: "lost", reason: "did not answer OPTIONS", lastAnswer: undefined },
  ],
  subscribers: [{ uri: "sip:127.0.0.1:5060", from: "127.0.0.1:40000", sinceMs: 3_700_000 }],
};

describe("sidetone resources", () => {
  test("shows state, since, load, share, last answer, what is left of a withdrawn one, groups and who is told", () => {
    assert.deepEqual(
      resourcesText(answer)
        .split("\n")
        .map((line) => line.replace(/ {2,}/g, " | ")),
      [
        "group | service | resource | state | since | sessions | share | last answer | note",
        "media-servers | msml | sip:127.0.0.1:5080;transport=tcp | up | 2m | 30 of 1500 | 2% | 200, 0s ago",
        "media-servers | msml | sip:b | withdrawn | 2m | 2 of 1500 | 0.1% | 200, 0s ago | withdrawn by hand, 2 left",
        "media-servers | msml | sip:c | lost | 2m | 30 of 1500 | 2% | never | did not answer OPTIONS",
        "",
        "group | scheme | preference | location | up | sessions",
        "media-servers | least-used | 1 | 1 of 2 | 30",
        "",
        "told of losses | since | contact",
        "127.0.0.1:40000 | 1h | sip:127.0.0.1:5060",
      ],
    );
  });

  test("an answer of another shape is shown as far as it can be read", () => {
    assert.match(resourcesText({ resources: [{}, 7, null] }), /^group/);
    assert.match(resourcesText("nonsense"), /^group/);
  });

  test("withdraw and restore are POSTs with the address; --watch shows what changed only", async (t) => {
    const asked: string[] = [];
    let state = "up";
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        asked.push(`${request.method} ${request.url} ${body} ${request.headers.authorization}`);
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ resources: [{ ...resource, state }] }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const place = server.address();
    assert(typeof place === "object" && place !== null);
    const access = { base: `http://127.0.0.1:${place.port}`, authorization: "Bearer t" };
    assert.match(await changeResource(access, "withdraw", "sip:a", false), /media-servers/);
    await changeResource(access, "restore", "sip:a", true);
    assert.deepEqual(asked, [
      'POST /api/v1/resources/withdraw {"address":"sip:a"} Bearer t',
      'POST /api/v1/resources/restore {"address":"sip:a"} Bearer t',
    ]);
    const shown: string[] = [];
    let rounds = 0;
    const pause = async (): Promise<boolean> => {
      rounds += 1;
      if (rounds === 2) state = "lost";
      return rounds < 4;
    };
    await watchResources(access, false, { show: (text) => shown.push(text), pause });
    assert.equal(shown.length, 2);
    assert.match(shown[1] ?? "", / lost /);
  });
});
