import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CallScene } from "./call-scene.fixture.ts";

/** Moments of a call of 7001 and 7002, who consults 7003 or brings it in; each ends with the machine at rest. */
const moments: Readonly<Record<string, (s: CallScene) => Promise<unknown>>> = {
  "the consulted party rings": async (s) => {
    s.phone("7003").answering = false;
    await s.consult("7002", 1, "7003");
  },
  "the consultation is up": (s) => s.consult("7002", 1, "7003"),
  "the transfer is completed, the target rings": async (s) => {
    s.phone("7003").answering = false;
    await s.consult("7002", 1, "7003");
    await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2)));
  },
  "the transfer is completed": async (s) => {
    await s.consult("7002", 1, "7003");
    await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2)));
  },
  "a conference of three": async (s) => {
    await s.consult("7002", 1, "7003");
    await s.ask(s.rig.switch.complete("conference", s.connId(1), "7002", s.connId(2)));
  },
  "a third is being brought into a conference, and rings": async (s) => {
    s.phone("7003").answering = false;
    void s.rig.switch.singleStep("conference", s.connId(1), "7002", { to: "7003", userData: {} });
    await s.rig.pass(800);
  },
  "a single-step transfer, the target rings": async (s) => {
    s.phone("7003").answering = false;
    await s.ask(s.rig.switch.singleStep("transfer", s.connId(1), "7002", { to: "7003", userData: {} }));
  },
  "after an alternate": async (s) => {
    await s.consult("7002", 1, "7003");
    await s.ask(s.rig.switch.alternate(s.connId(2), "7002", s.connId(1)));
  },
  "on hold": (s) => s.ask(s.rig.switch.holdCall(s.connId(1), "7002")),
};

/** Every dialog of a phone ends: BYE where it is up, 486 where it rings. */
function hangUp(s: CallScene, dn: string): void {
  for (const session of s.phone(dn).sessions) {
    if (session.state === "confirmed") session.terminate();
    else if (session.state === "early" && session.role === "uas") session.reject(486);
  }
}

for (const recorded of [undefined, "7001", "7002", "7003"]) {
  describe(`each party hangs up at each moment; ${recorded ?? "nobody"} is recorded`, () => {
    for (const [moment, arrive] of Object.entries(moments)) {
      for (const dn of ["7001", "7002", "7003"]) {
        test(`${dn} while ${moment}: the rest ends or goes on, and nothing is left when all have gone`, async () => {
          const dns = ["7001", "7002", "7003"].map((one) => ({ dn: one, record: one === recorded }));
          const s = await CallScene.of(...dns);
          s.rig.mediaServer.telling = true;
          await s.dial("7001", "7002");
          await arrive(s);
          hangUp(s, dn);
          await s.rig.pass(2000);
          // Whoever still has a call is not alone in it.
          const up = Array.from(s.phones.values()).filter((phone) => phone.up.length > 0);
          const ringing = Array.from(s.phones.values()).filter((phone) =>
            phone.sessions.some(({ state }) => state === "early"),
          );
          assert.ok(up.length !== 1 || ringing.length > 0, `${up.map((phone) => phone.dn).join()} is alone in a call`);
          for (const phone of s.phones.values()) hangUp(s, phone.dn);
          await s.nothingLeft();
          assert.equal(s.rig.last?.recording.state === "On", false);
          await s.close();
        });
      }
    }
  });
}
