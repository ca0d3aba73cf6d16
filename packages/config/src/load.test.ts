import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type LoadOptions, parseConfig } from "./load.ts";
import { formatMistake } from "./mistake.ts";
import type { SidetoneConfig } from "./types.ts";

const root = join(dirname(import.meta.filename), "../../..");
const quiet: LoadOptions = { env: {}, ephemeralPorts: undefined, readFile: () => "from-file\n" };

function good(text: string, options: LoadOptions = quiet): SidetoneConfig {
  const result = parseConfig(text, "/etc/sidetone/t.yaml", options);
  assert(result.ok, result.ok ? "" : result.error.map(formatMistake).join("\n"));
  return result.value;
}

function mistakes(text: string, options: LoadOptions = quiet): string[] {
  const result = parseConfig(text, "t.yaml", options);
  assert(!result.ok, "a mistake was expected");
  return result.error.map(formatMistake);
}

const sip = (more: string, dns = "{}"): string =>
  `sip-server:\n  listen: [ "udp://127.0.0.1:5060" ]\n  domain: x.test\n  storage: "sqlite:a.sqlite"\n  dns: ${dns}\n${more}`;
const recorder = (more: string): string =>
  `recorder:\n  listen: [ "tcp://127.0.0.1:5090" ]\n  rtp: { address: 127.0.0.1, ports: 25000-32767 }\n  storage: { directory: ./rec, database: "sqlite:r.sqlite" }\n${more}`;

describe("operations.md, configuration", () => {
  test("the documented example is accepted as it stands", () => {
    const config = good(readFileSync(join(root, "sidetone.yaml"), "utf8"));
    assert.equal(config.sipServer?.dns.get("7001")?.record, true);
    assert.equal(config.sipServer?.dns.get("8000")?.routeTimeoutMs, 10_000);
    assert.equal(config.sipServer?.agentLogins?.get("1001")?.record, true);
    assert.deepEqual(config.sipServer?.applications?.get("desk")?.grants[0]?.rights, [
      "monitor",
      "control",
      "userdata",
      "record",
    ]);
    assert.deepEqual(config.resourceManager?.groups[0]?.monitor, {
      intervalMs: 500,
      timeoutMs: 2000,
      returnAnswers: 2,
    });
    assert.equal(config.resourceManager?.groups[0]?.resources[0]?.portCapacity, 1500);
    assert.equal(config.mediaServer?.rtp.portMax, 24_999);
    assert.equal(config.mediaServer?.prompts, undefined);
    assert.equal(config.mediaServer?.recorderProfiles.get("recorders")?.layout, "single-session");
    assert.equal(config.recorder?.tLibrary?.application, "recorder");
    const everything = [{ dns: "*", rights: ["monitor", "control", "userdata", "record", "route", "suppress"] }];
    assert.deepEqual(config.console?.users, [
      { name: "admin", password: "demo-admin", role: "administrator", grants: everything },
    ]);
    assert.deepEqual([config.sipServer?.tokenSecret, config.console?.tokenSecret], [undefined, undefined]);
  });

  test("R34: the ledger that is reconciled is that of the T-Library's SIP Server, unless others are named", () => {
    const lines = (more: string): string => recorder(more);
    assert.equal(good(lines("")).recorder?.reconciliation, undefined);
    const tlib = `  t-library: { url: "wss://sip.test:8443/tlib/v1", application: recorder, password: p }\n`;
    assert.deepEqual(good(lines(tlib)).recorder?.reconciliation, {
      sipServers: ["https://sip.test:8443"],
      recorders: [],
      silenceMs: 10_000,
      intervalMs: 1000,
      keepMs: 90 * 86_400_000,
    });
    const named = `${tlib}  reconciliation: { sip-servers: ["http://10.0.0.1:8081", "http://10.0.0.2:8081"], silence: 5s }\n`;
    assert.deepEqual(good(lines(named)).recorder?.reconciliation?.sipServers, [
      "http://10.0.0.1:8081",
      "http://10.0.0.2:8081",
    ]);
    assert.equal(good(lines(named)).recorder?.reconciliation?.silenceMs, 5000);
    assert.match(mistakes(lines(`  reconciliation: { sip-servers: "ws://x" }\n`))[0] ?? "", /is not a URL/);
  });

  test("an absent section is a role that does not run here; defaults are filled in", () => {
    const config = good(sip(""));
    assert.equal(config.recorder, undefined);
    assert.equal(config.sipServer?.options.recordingFilename, "$UUID$_$DATE$_$TIME$");
    assert.equal(config.sipServer?.options.sessionExpires, 1800);
    assert.deepEqual(config.sipServer?.peers, []);
  });

  test("relative paths start at the folder of the file", () => {
    assert.equal(good(sip("")).sipServer?.storage, "/etc/sidetone/a.sqlite");
    assert.equal(good(recorder("")).recorder?.storage.directory, "/etc/sidetone/rec");
  });

  test("sessions, proxies and single sign-on of the console", () => {
    const section = (more: string, http = "127.0.0.1:2"): string =>
      `console: { roles: ["http://127.0.0.1:1"], http: "http://${http}"${more} }\n`;
    const usual = good(section("")).console;
    assert.deepEqual(
      [usual?.session, usual?.oidc, usual?.publicUrl, usual?.trustedProxies],
      [{ idleMs: 1_800_000, longestMs: 43_200_000 }, undefined, undefined, []],
    );
    const oidc = (more: string): string =>
      `, oidc: { issuer: "https://id.example/x", client-id: s, client-secret: t, roles: { a: agent }${more} }`;
    const { console: some } = good(
      section(
        `, session: { idle: 5m, longest: 1h }, trusted-proxies: [10.0.0.0/8], public-url: "https://c.example/"${oidc("")}`,
      ),
    );
    assert.deepEqual(
      [some?.session, some?.trustedProxies, some?.publicUrl],
      [{ idleMs: 300_000, longestMs: 3_600_000 }, ["10.0.0.0/8"], "https://c.example"],
    );
    assert.deepEqual(some?.oidc, {
      issuer: "https://id.example/x",
      clientId: "s",
      clientSecret: "t",
      label: "Single sign-on",
      scopes: ["openid", "profile", "email"],
      nameClaim: "preferred_username",
      roleClaim: "groups",
      roles: new Map([["a", "agent"]]),
      dnsClaim: undefined,
      grants: [],
    });
    for (const [more, mistake] of [
      [", session: { idle: 2h, longest: 1h }", /console\.session\.idle: is more than session\.longest/],
      [", session: { idle: 1s }", /console\.session\.idle: must be from 1m/],
      [", trusted-proxies: [proxy.example]", /trusted-proxies\[0\]: .* neither an IP address nor a network/],
      [oidc("").replace("https:", "http:"), /console\.oidc\.issuer: .*http is taken on loopback only/],
      [oidc("").replace("agent", "boss"), /console\.oidc\.roles\.a: must be one of administrator/],
      [oidc("").replace("a: agent", ""), /console\.oidc\.roles: is empty/],
      [oidc(", scopes: [profile]"), /console\.oidc\.scopes: lacks openid/],
      [oidc("").replace("client-secret", "client-secrat"), /Did you mean "client-secret"/],
    ] as const)
      assert.match(mistakes(section(more)).join("\n"), mistake, more);
    const exposed = mistakes(section(`, users: {}${oidc("")}`, "10.0.0.1:2"));
    assert.match(exposed.join("\n"), /console\.oidc: needs console\.public-url/);
  });

  test("the console has a file of its own for what it keeps, beside the configuration where none is named", () => {
    const section = (more: string): string =>
      `console: { roles: ["http://127.0.0.1:1"], http: "http://127.0.0.1:2"${more} }\n`;
    assert.equal(good(section("")).console?.storage, "/etc/sidetone/data/console.sqlite");
    assert.equal(good(section(', storage: "sqlite:../c.sqlite"')).console?.storage, "/etc/c.sqlite");
    assert.match(mistakes(section(', storage: "postgres://x@y/z"'))[0] ?? "", /PostgreSQL is for the recorder's index/);
    const shared = mistakes(sip(section(', storage: "sqlite:./a.sqlite"')));
    assert.match(shared[0] ?? "", /^t\.yaml:6:\d+: console\.storage: is the file of sip-server\.storage already/);
  });

  test("an unknown key is a mistake with its line, its column and the nearest known name", () => {
    assert.deepEqual(
      mistakes(sip("  optoins: {}")).map((m) => m.slice(0, 70)),
      ['t.yaml:6:3: sip-server.optoins: is not a known key. Did you mean "opti'],
    );
    assert.match(mistakes(sip("  apiToken: x"))[0] ?? "", /Did you mean "api-token"\?/);
    assert.match(mistakes("recoder: {}")[0] ?? "", /^t\.yaml:1:1: recoder: .*"recorder"/);
  });

  test("a wrong value names the allowed ones and the nearest", () => {
    const found = mistakes(sip("", '{ "7001": { type: extention, password: p } }'));
    assert.match(
      found[0] ?? "",
      /^t\.yaml:5:26: sip-server\.dns\."7001"\.type: must be one of extension, .*not "extention"\. Did you mean "extension"\?$/,
    );
  });

  test("all mistakes come at once, in the order of their lines", () => {
    const found = mistakes(sip("  server-id: many\n  options: { record-moh: 7 }\n  http: ftp://x"));
    assert.deepEqual(
      found.map((m) => m.split(": ")[1]),
      ["sip-server.server-id", "sip-server.options.record-moh", "sip-server.http"],
    );
  });

  test("a key that stands twice is a mistake at its second place", () => {
    assert.match(
      mistakes(sip("  domain: y.test"))[0] ?? "",
      /^t\.yaml:6:3: sip-server\.domain: stands here a second time/,
    );
  });

  test("T-Library: what an application may name and see, and plain WebSockets; default nothing, everything, no", () => {
    const section =
      "  plain-ws: true\n  applications:\n    a: { password: p, destinations: [ rec.example ], user-data-keys: [ Customer* ] }\n    b: { password: p }\n";
    const some = good(sip(section, '{ "1": { type: extension, password: p } }')).sipServer;
    const [a, b] = [some?.applications?.get("a"), some?.applications?.get("b")];
    assert.equal(some?.plainWs, true);
    assert.deepEqual([a?.destinations, a?.userDataKeys], [["rec.example"], ["Customer*"]]);
    assert.deepEqual([b?.grants, b?.destinations, b?.userDataKeys], [[], [], undefined]);
    assert.equal(good(sip("", '{ "1": { type: extension, password: p } }')).sipServer?.plainWs, false);
  });

  test("tlib-wire.md, Rights: what people may do live: their grants, else what their role usually may", () => {
    const users =
      "a: { password: p, role: administrator, grants: [ { dns: 70*, rights: [ monitor ] } ] }, b: { password: p, role: auditor }, c: { password: p, role: supervisor }, d: { password: p }";
    const config = good(
      `console: { roles: [ "http://127.0.0.1:1" ], http: "http://127.0.0.1:0", users: { ${users} } }`,
    );
    assert.deepEqual(
      config.console?.users.map((user) => user.grants),
      [[{ dns: "70*", rights: ["monitor"] }], [{ dns: "*", rights: ["monitor"] }], [], []],
    );
  });

  test("R10: a recorder group's name can stand as host of a dest; an address cannot be one", () => {
    const options = (name: string): string => sip(`  options: { second-recorder-group: "${name}" }`);
    assert.equal(good(options("vault-2.site")).sipServer?.options.secondRecorderGroup, "vault-2.site");
    for (const bad of ["10.0.0.1", "two words", "a_b", "a:5060", "::1", "a;b"]) {
      assert.match(mistakes(options(bad))[0] ?? "", /second-recorder-group: ".*" cannot name a group/, bad);
    }
  });

  test("token-secret: at least 32 characters, the same in both sections of a file; no application is named like a person", () => {
    const key = "k".repeat(32);
    const both = (own: string, theirs: string): string =>
      `${sip(own === "" ? "" : `  token-secret: ${own}`)}\nconsole: { roles: [ "http://127.0.0.1:1" ], http: "http://127.0.0.1:0"${theirs === "" ? "" : `, token-secret: ${theirs}`} }`;
    const config = good(both(key, key));
    assert.deepEqual([config.sipServer?.tokenSecret, config.console?.tokenSecret], [key, key]);
    assert.match(mistakes(both("short", "short"))[0] ?? "", /token-secret: must have at least 32 characters/);
    assert.match(mistakes(both(key, "x".repeat(32)))[0] ?? "", /console\.token-secret: differs from sip-server/);
    assert.match(mistakes(both(key, ""))[0] ?? "", /: console: lacks the token-secret/);
    assert.match(mistakes(both("", key))[0] ?? "", /: sip-server: lacks the token-secret/);
    assert.equal(good(sip(`  token-secret: ${key}`)).sipServer?.tokenSecret, key);
    const named = '  applications: { "user:anna": { password: p } }';
    assert.match(mistakes(sip(named))[0] ?? "", /must not begin with "user:"/);
  });

  test("broken YAML: one mistake, at the first place, with what to look for", () => {
    for (const [text, says] of [
      ["console:\n\thttp: 1\n  users: 2", /^t\.yaml:2:1: is not YAML: .*Indent with spaces/],
      ["console:\n  http 1\n  users: 2", /^t\.yaml:2:3: is not YAML: .*missing colon/],
      ["a:\n  b: { c: 1\n  d: 2", /^t\.yaml:[23]:\d: is not YAML: .*lack its } or \]/],
    ] as const) {
      const said = mistakes(text);
      assert.equal(said.length, 1);
      assert.match(said[0] ?? "", says);
    }
  });
  test("what is not YAML is a mistake with its place, not an exception", () => {
    assert.match(mistakes("a: [ 1, 2")[0] ?? "", /^t\.yaml:1:\d+: is not YAML/);
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        parseConfig(text, "t.yaml", quiet);
      }),
      { numRuns: 200 },
    );
  });

  test("DN names keep their leading zeros even without quotes", () => {
    assert.deepEqual(
      Array.from(good(sip("", "{ 0700: { type: extension, password: p } }")).sipServer?.dns.keys() ?? []),
      ["0700"],
    );
  });

  test("a number where text belongs says to quote it", () => {
    assert.match(
      mistakes(sip("", '{ "1": { type: extension, default-destination: 12 } }'))[0] ?? "",
      /must be text, not the number 12\. Put it in quotes: "12"/,
    );
  });

  test("a number where a secret belongs is not repeated", () => {
    assert.match(
      mistakes(sip("", '{ "1": { type: extension, password: 4711 } }'))[0] ?? "",
      /password: must be text\. Put it in quotes\.$/,
    );
  });
});

describe("operations.md, secrets", () => {
  test("a secret is text, a file (its last line break dropped) or an environment variable", () => {
    const dns = '{ "1": { type: extension, password: { file: pw } }, "2": { type: extension, password: { env: PW } } }';
    const config = good(sip("", dns), { ...quiet, env: { PW: "from-env" } });
    assert.equal(config.sipServer?.dns.get("1")?.password, "from-file");
    assert.equal(config.sipServer?.dns.get("2")?.password, "from-env");
  });

  test("a variable that is not set and a file that cannot be read are mistakes", () => {
    const dns =
      '{ "1": { type: extension, password: { env: NOT_SET } }, "2": { type: extension, password: { file: no } } }';
    const found = mistakes(sip("", dns), {
      ...quiet,
      readFile: () => {
        throw new Error("ENOENT");
      },
    });
    assert.match(found[0] ?? "", /NOT_SET is not set/);
    assert.match(found[1] ?? "", /cannot be read: ENOENT/);
  });
});

describe("operations.md, exposure", () => {
  const open = (password: string, more = ""): string =>
    sip(more, `{ "1": { type: extension, password: ${password} } }`).replace("udp://127.0.0.1", "udp://0.0.0.0");

  test("demo passwords with a listener that other machines reach are refused, and the message says what to do", () => {
    const found = mistakes(open("demo-1"));
    assert.equal(found.length, 1);
    assert.match(
      found[0] ?? "",
      /^t\.yaml:2:13: sip-server\.listen\[0\]: demo passwords work on loopback only.*sip-server\.dns\."1"\.password.*Give each a password/,
    );
    good(open("better"));
  });

  test("HTTP on another address needs a token", () => {
    const http = '  http: "http://10.0.0.1:8081"\n';
    assert.match(mistakes(sip(http))[0] ?? "", /without a token.*api-token/);
    assert.equal(
      good(sip(`${http}  api-token: { env: T }`), { ...quiet, env: { T: "tok" } }).sipServer?.apiToken,
      "tok",
    );
  });

  test("media-control.md: Resource Manager, Media Server and recorder on another address need an allow-list", () => {
    const text = recorder("").replace("tcp://127.0.0.1", "tcp://10.0.0.5");
    assert.match(mistakes(text)[0] ?? "", /^t\.yaml:2:\d+: recorder\.listen: .*peers/);
    assert.deepEqual(good(`${text}  peers: [ 10.0.0.0/24 ]`).recorder?.peers, ["10.0.0.0/24"]);
  });
});

describe("cross checks", () => {
  test("RTP ports inside the kernel's ephemeral range are a warning", () => {
    const config = good(recorder("").replace("32767", "40000"), {
      ...quiet,
      ephemeralPorts: { min: 32768, max: 60999 },
    });
    assert.match(config.warnings?.map(formatMistake)[0] ?? "", /recorder\.rtp\.ports: .*ephemeral range 32768-60999/);
    assert.deepEqual(good(recorder(""), { ...quiet, ephemeralPorts: { min: 32768, max: 60999 } }).warnings, []);
  });

  test("a capacity that the Media Server's ports cannot carry is refused", () => {
    const text = readFileSync(join(root, "sidetone.yaml"), "utf8").replace(
      "port-capacity: 1500",
      "port-capacity: 15000",
    );
    assert.match(mistakes(text)[0] ?? "", /port-capacity: 15000 sessions need 60000 RTP ports.*at most 3750/);
  });

  test("ranges, listeners and references that collide or lead nowhere are refused", () => {
    const text = readFileSync(join(root, "sidetone.yaml"), "utf8");
    assert.match(mistakes(text.replace("25000-32767", "20000-32767"))[0] ?? "", /overlaps media-server\.rtp\.ports/);
    assert.match(
      mistakes(text.replace("tcp://127.0.0.1:5090", "tcp://127.0.0.1:5080"))[0] ?? "",
      /listens where media-server\.listen\[0\]/,
    );
    assert.match(
      mistakes(text.replace("recorder-group: recorders", "recorder-group: recoders"))[0] ?? "",
      /no recording-server group "recoders"\. Did you mean "recorders"/,
    );
    assert.match(
      mistakes(text.replace('default-destination: "7001"', 'default-destination: "7999"'))[0] ?? "",
      /there is no DN "7999"/,
    );
  });

  test("sounds from elsewhere, recordings to files, and clients of several hosts", () => {
    const wholeFile = readFileSync(join(root, "sidetone.yaml"), "utf8");
    const own = (more: string): string => wholeFile.replace(/^media-server:$/m, `media-server:\n${more}`);
    const media = good(
      own(
        "  prompts-http: { allow: [https://cdn.example/prompts/], max-size: 2MB, timeout: 3s }\n  record-folder: ./recorded\n  msml-clients: { pair: [10.0.0.1, 10.1.0.0/16] }",
      ),
    ).mediaServer;
    assert.deepEqual(media?.promptsHttp, {
      allow: ["https://cdn.example/prompts"],
      maxOctets: 2_000_000,
      timeoutMs: 3000,
      maxRedirects: 3,
    });
    assert.match(media?.recordFolder ?? "", /^\/.*\/recorded$/);
    assert.deepEqual(media?.msmlClients, [{ name: "pair", hosts: ["10.0.0.1", "10.1.0.0/16"] }]);
    for (const [more, expected] of [
      ["  prompts-http: {}", /allow/],
      ["  prompts-http: { allow: [] }", /at least 1/],
      ["  prompts-http: { allow: [file:///etc] }", /not a URL/],
      ["  prompts-http: { allow: [http://h], max-size: 50MB }", /1kB to 10MB/],
      ["  msml-clients: { pair: [somewhere] }", /neither an IP address/],
    ] as const) {
      assert.match(mistakes(own(more))[0] ?? "", expected, more);
    }
  });

  test("the folder of prompts: a relative one begins at the configuration file", () => {
    const text = readFileSync(join(root, "sidetone.yaml"), "utf8").replace(
      /^media-server:$/m,
      "media-server:\n  prompts: ./sounds",
    );
    assert.match(good(text).mediaServer?.prompts ?? "", /^\/.*\/sounds$/);
  });

  test("R9: a template with an unknown variable is refused", () => {
    assert.match(mistakes(sip('  options: { recording-filename: "$UUDI$" }'))[0] ?? "", /\$UUDI\$ is not a variable/);
    assert.match(mistakes(sip('  options: { recording-filename: "$UUID" }'))[0] ?? "", /without its partner/);
  });

  // Where reading is not linear this runs into the limit: yaml's own check of unique keys takes quadratic time.
  test("50,000 DNs are read", { timeout: 60_000 }, () => {
    const dns = Array.from({ length: 50_000 }, (_, i) => `    "${100_000 + i}": { type: extension, password: p${i} }`);
    assert.equal(good(sip("", `\n${dns.join("\n")}`)).sipServer?.dns.size, 50_000);
  });
});
