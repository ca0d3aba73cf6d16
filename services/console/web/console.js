/* oxlint-disable no-restricted-globals -- a browser has its own clock */
// The console's page: lists recordings, plays them, shows calls and parts. Text is always set as text, never as HTML.

const refreshMs = 3000;
const pageSize = 50;
const byId = (id) => document.getElementById(id);
const body = byId("recordings").tBodies[0];
const columns = ["Began", "Length", "Customer", "Agent", "State", "Name", "Listen"];
const partColumns = ["Part", "Address", "State", "Note"];
let shown = [];
let next;
let older = false;
let playing;

async function get(path) {
  const answer = await fetch(new URL(path, location.origin), { headers: { accept: "application/json" } }).catch(() => {
    throw new Error("The console does not answer.");
  });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail ?? `${answer.status} ${answer.statusText}`);
  }
  return answer.json();
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className !== undefined) made.className = className;
  return made;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function length(ms) {
  if (typeof ms !== "number") return "";
  const s = Math.floor(ms / 1000);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

function moment(text) {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? (text ?? "") : time.toLocaleString();
}

function side(recording, wanted) {
  const people = (recording.participants ?? []).filter((p) => p.side === wanted);
  return people.map((p) => p.name ?? p.dn ?? p.aor ?? "?").join(", ");
}

function searchQuery() {
  const query = new URLSearchParams({ limit: String(pageSize) });
  for (const [name, value] of new FormData(byId("search"))) if (value !== "") query.set(name, value);
  return query;
}

async function refreshRecordings() {
  // Whoever looks at older ones is not thrown back to the first page.
  if (older) return;
  const answer = await get(`/api/v1/recordings?${searchQuery()}`);
  shown = answer.recordings ?? [];
  next = answer.next;
  drawRecordings();
}

async function showOlder() {
  const query = searchQuery();
  query.set("cursor", next);
  const answer = await get(`/api/v1/recordings?${query}`);
  older = true;
  shown = shown.concat(answer.recordings ?? []);
  next = answer.next;
  drawRecordings();
}

function drawRecordings() {
  const rows = new Map(Array.from(body.rows, (row) => [row.dataset.id, row]));
  for (const [i, recording] of shown.entries()) {
    const row = rows.get(recording.id) ?? newRow(recording);
    rows.delete(recording.id);
    fillRow(row, recording);
    if (body.rows[i] !== row) body.insertBefore(row, body.rows[i] ?? null);
  }
  for (const row of rows.values()) row.remove();
  const searching = Array.from(new FormData(byId("search"))).some(([, value]) => value !== "");
  byId("recordings").hidden = shown.length === 0;
  byId("more").hidden = next === undefined || next === null;
  byId("first-call").hidden = shown.length > 0 || searching;
  byId("recordings-note").className = "";
  const count = shown.length === 1 ? "1 recording" : `${shown.length} recordings`;
  setText(
    byId("recordings-note"),
    shown.length > 0 ? `${count} shown.` : searching ? "No recording matches." : "No recordings yet.",
  );
}

function newRow(recording) {
  const row = element("tr");
  row.dataset.id = recording.id;
  for (const className of ["number", "number", "", "", "", "name", "listen"]) row.append(element("td", "", className));
  labelCells(row, columns);
  const play = element("button", "Play");
  play.type = "button";
  play.addEventListener("click", () => listen(row.dataset.id));
  const save = element("a", "Save");
  save.download = `${recording.fileName ?? recording.id}.wav`;
  save.href = audioUrl(recording.id);
  row.cells[6].append(play, " ", save);
  return row;
}

/** On a narrow screen each cell stands on a line of its own, with its column's name before it. */
function labelCells(row, names) {
  for (const [i, cell] of Array.from(row.cells).entries()) cell.dataset.label = names[i];
}

/** The state, and for a recording that lacks something the first reason. */
function stateText(r) {
  if (r.parts !== undefined)
    return `${r.state}: ${r.parts.length} parts at ${r.parts.length} recorders, ${r.gapMs > 0 ? `${r.gapMs} ms missing between` : "nothing missing between"}`;
  const why = r.state === "partial" || r.state === "failed" ? r.warnings?.[0]?.text : undefined;
  return why === undefined ? (r.state ?? "") : `${r.state}: ${why}`;
}

function fillRow(row, r) {
  const texts = [
    moment(r.startTime),
    length(r.durationMs),
    side(r, "customer"),
    side(r, "agent"),
    stateText(r),
    r.fileName ?? r.id,
  ];
  texts.forEach((text, i) => setText(row.cells[i], text));
  row.cells[4].className = r.state === "failed" || r.state === "partial" ? "bad" : r.state === "complete" ? "good" : "";
  // R31: what a recorder that took over has is saved by itself.
  for (const [i, part] of (r.parts ?? []).slice(1).entries()) {
    if (row.cells[6].querySelector(`a[data-part="${i + 2}"]`) !== null) continue;
    const more = element("a", `Save part ${i + 2}`);
    more.dataset.part = String(i + 2);
    more.download = `${r.fileName ?? r.id}.${i + 2}.wav`;
    more.href = part.audio;
    row.cells[6].append(" ", more);
  }
  row.cells[6].querySelector("button").setAttribute("aria-label", `Play the recording of ${texts[0]}`);
  row.cells[6].querySelector("a").setAttribute("aria-label", `Save the recording of ${texts[0]}`);
  row.classList.toggle("playing", r.id === playing);
}

function audioUrl(id) {
  return `/api/v1/recordings/${encodeURIComponent(id)}/audio`;
}

function showPlayer(recording) {
  playing = recording.id;
  byId("player").hidden = false;
  setText(byId("player-what"), `${moment(recording.startTime)} · ${recording.fileName ?? recording.id}`);
  byId("audio").src = audioUrl(recording.id);
}

function listen(id) {
  showPlayer(shown.find((r) => r.id === id) ?? { id });
  const audio = byId("audio");
  audio.play().catch(() => undefined);
  audio.focus();
  drawRecordings();
}

/** A link with ?id=... opens that recording, without playing it. */
async function openLinked() {
  const id = new URLSearchParams(location.search).get("id");
  if (id === null) return;
  try {
    showPlayer(await get(`/api/v1/recordings/${encodeURIComponent(id)}`));
  } catch (error) {
    byId("player").hidden = false;
    setText(byId("player-what"), `The recording of the link cannot be shown: ${error.message}`);
  }
}

/** The list of calls for who has no live view (`live.ts`). */
async function refreshCalls() {
  if (document.body.classList.contains("live")) return;
  const { calls = [] } = await get("/api/v1/calls");
  const lines = calls.map((call) => {
    const parties = (call.parties ?? []).map((p) => p.dn ?? p.aor ?? "?").join(" ↔ ");
    const recorded = new Map([
      ["On", " · is being recorded"],
      ["Paused", " · recording paused"],
    ]).get(call.recording?.state);
    return `${parties || call.connId || "call"}${recorded ?? " · not recorded"}`;
  });
  const list = byId("calls");
  const wanted = lines.length === 0 ? ["None."] : lines;
  if (Array.from(list.children, (li) => li.textContent).join("\n") !== wanted.join("\n")) {
    list.replaceChildren(...wanted.map((line) => element("li", line)));
  }
}

async function refreshParts() {
  const status = await get("/api/v1/status");
  const resources = await get("/api/v1/resources").catch(() => ({ resources: [] }));
  const rows = status.roles.map((r) => [
    r.role ?? "not known yet",
    r.url,
    r.ok ? "ready" : "not ready",
    r.reasons.join("; "),
  ]);
  for (const r of resources.resources ?? []) {
    const load = r.capacity === undefined ? `${r.sessions} sessions` : `${r.sessions} of ${r.capacity} sessions`;
    rows.push([`in group ${r.group}`, r.address, r.state, r.reason ?? load]);
  }
  byId("parts").tBodies[0].replaceChildren(
    ...rows.map((texts) => {
      const row = element("tr");
      row.append(...texts.map((text) => element("td", text)));
      labelCells(row, partColumns);
      row.cells[2].className = texts[2] === "ready" || texts[2] === "up" ? "good" : "bad";
      return row;
    }),
  );
  const bad = status.roles.filter((r) => !r.ok);
  const state = byId("state");
  const hints = status.roles.flatMap((r) => (r.ok ? r.reasons : []));
  const good = bad.length === 0 && hints.length === 0;
  if (bad.length > 0) setText(state, `Not ready: ${bad.map((r) => r.role ?? r.url).join(", ")}. See Parts below.`);
  else setText(state, good ? "All parts are ready." : `Ready, but ${hints.join("; ")}.`);
  state.className = good ? "good" : "bad";
  document.body.classList.remove("stale");
  drawFirstCall(status.phones);
}

function drawFirstCall(phones) {
  const box = byId("first-call");
  if (box.childElementCount > 0) return;
  box.append(element("h3", "How to make the first one"));
  const steps = element("ol");
  if (phones === undefined || phones.dns.length < 2) {
    steps.append(element("li", "Register two phones with your SIP Server, as DNs of its configuration."));
  } else {
    const [a, b] = [
      phones.dns.find((d) => d.record) ?? phones.dns[0],
      phones.dns.find((d) => !d.record) ?? phones.dns[1],
    ];
    for (const dn of [a, b]) {
      const password = dn.demoPassword === undefined ? "its password" : `password ${dn.demoPassword}`;
      steps.append(
        element(
          "li",
          `Register a softphone: server ${phones.servers.join(" or ")}, domain ${phones.domain}, user ${dn.dn}, ${password}${dn.record ? " (its calls are recorded)" : ""}.`,
        ),
      );
    }
    steps.append(element("li", `Call ${a.dn} from ${b.dn}, answer, speak.`));
  }
  steps.append(element("li", "The recording stands here while the call is still up."));
  const short = element("p", "Or let two built-in phones do it all: ");
  short.append(element("code", "npm run demo"));
  box.append(steps, short);
}

async function refresh() {
  const results = await Promise.allSettled([refreshParts(), refreshRecordings(), refreshCalls()]);
  if (results[0].status === "rejected") {
    setText(byId("state"), `${results[0].reason.message} What is shown may be old.`);
    byId("state").className = "bad";
    document.body.classList.add("stale");
  }
  if (results[1].status === "rejected") {
    const what = shown.length > 0 ? "The list may be old" : "The list cannot be shown";
    setText(byId("recordings-note"), `${what}: ${results[1].reason.message}`);
    byId("recordings-note").className = "bad";
  }
  setTimeout(refresh, document.hidden ? refreshMs * 5 : refreshMs);
}

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  older = false;
  void refreshRecordings();
});
byId("audio").addEventListener("error", () => {
  if (playing !== undefined) setText(byId("player-what"), "This recording cannot be played: its audio does not come.");
});
byId("more").addEventListener("click", () => void showOlder());
void openLinked();
void refresh();
