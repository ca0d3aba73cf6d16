// Stands in for EventSource in the page: 300 calls, of which 20 change five times a second.
globalThis.EventSource = class extends EventTarget {
  static CLOSED = 2;
  readyState = 1;

  constructor() {
    super();
    const begun = new Date().toISOString();
    const callOf = (n, turn) => ({
      connId: `c${n}`,
      callUuid: `u${n}`,
      callType: "Inbound",
      ani: `+1555${1000 + n}`,
      dnis: "8000",
      createdTime: begun,
      answeredTime: begun,
      parties: [
        {
          id: "a",
          dn: "trunk",
          number: `+1555${1000 + n}`,
          kind: "external",
          role: "origination",
          state: turn % 2 === 0 ? "connected" : "held",
          since: begun,
          agentId: null,
          recorded: false,
        },
        {
          id: "b",
          dn: `${7000 + n}`,
          number: `${7000 + n}`,
          kind: "internal",
          role: "destination",
          state: "connected",
          since: begun,
          agentId: `${1000 + n}`,
          recorded: true,
        },
      ],
      queue: { dn: "8000", waiting: false },
      recording: {
        state: turn % 3 === 0 ? "Paused" : "On",
        id: `r${n}`,
        fileName: `file-${n}`,
        cause: "started",
        since: begun,
        by: null,
      },
    });
    const calls = Array.from({ length: 300 }, (_, n) => [`c${n}`, callOf(n, 1)]);
    const control = calls.map(([key]) => [key, true]);
    const tell = (event, change) => this.dispatchEvent(new MessageEvent(event, { data: JSON.stringify(change) }));
    setTimeout(() => {
      tell("snapshot", {
        calls: { set: calls, gone: [] },
        control: { set: control, gone: [] },
        feeds: { set: [["x", { url: "x", connected: true }]], gone: [] },
      });
      let turn = 0;
      setInterval(() => {
        turn += 1;
        const set = Array.from({ length: 20 }, (_, i) => (turn * 20 + i) % 300).map((n) => [`c${n}`, callOf(n, turn)]);
        tell("change", { calls: { set, gone: [] } });
      }, 200);
    }, 0);
  }

  close() {}
};
