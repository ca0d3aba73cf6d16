import { type TlibClient, TlibError } from "@sidetone/tlib/client";
import {
  commandsFor,
  type LiveCall,
  type LiveCalls,
  partiesText,
  type RecordingCommand,
  recordingText,
} from "./live-calls.ts";

const columns = ["Parties", "Type", "Recording", "Control"] as const;
const commands: readonly RecordingCommand[] = ["start", "pause", "resume", "stop"];
const words: Readonly<Record<RecordingCommand, string>> = {
  start: "Record",
  pause: "Pause",
  resume: "Resume",
  stop: "Stop",
};

interface Row {
  readonly row: HTMLTableRowElement;
  readonly cells: readonly HTMLTableCellElement[];
  readonly state: HTMLElement;
  readonly file: HTMLElement;
  readonly problem: HTMLElement;
  readonly buttons: ReadonlyMap<RecordingCommand, HTMLButtonElement>;
  /** A request is on its way. */
  busy: boolean;
  call: LiveCall;
}

/** The table of calls. Rows are changed in place, so that neither focus nor reader loses its place; text is set as text. */
export class LiveTable {
  readonly #box: HTMLElement | null;
  readonly #body = document.createElement("tbody");
  readonly #none = element("p", "None.");
  readonly #table = document.createElement("table");
  readonly #rows = new Map<string, Row>();
  #client: TlibClient | undefined;
  #mayRecord = false;
  #connected = false;

  constructor(box: HTMLElement | null) {
    this.#box = box;
    const head = document.createElement("thead").appendChild(document.createElement("tr"));
    for (const name of columns) {
      const cell = element("th", name);
      cell.scope = "col";
      head.append(cell);
    }
    if (head.parentElement !== null) this.#table.append(head.parentElement, this.#body);
    this.#table.setAttribute("aria-labelledby", "calls-title");
    this.#box?.replaceChildren(this.#none, this.#table);
    this.draw(new Map(), false);
  }

  /** From now on the buttons are those of this client. */
  open(client: TlibClient, mayRecord: boolean): void {
    this.#client = client;
    this.#mayRecord = mayRecord;
  }

  draw(calls: LiveCalls, connected: boolean): void {
    this.#connected = connected;
    this.#none.hidden = calls.size > 0;
    this.#table.hidden = calls.size === 0;
    this.#table.classList.toggle("lost", !connected);
    for (const [connId, { row }] of this.#rows) {
      if (calls.has(connId)) continue;
      row.remove();
      this.#rows.delete(connId);
    }
    for (const [connId, call] of calls) {
      const row = this.#rows.get(connId) ?? this.#newRow(call);
      row.call = call;
      this.#fill(row);
    }
  }

  #newRow(call: LiveCall): Row {
    const row = this.#body.insertRow();
    const cells = columns.map((name) => {
      const cell = row.insertCell();
      cell.dataset["label"] = name;
      return cell;
    });
    const [state, file, problem] = [element("span"), element("small"), element("p")];
    problem.setAttribute("role", "alert");
    problem.className = "bad";
    const recording = element("div");
    recording.append(state, file);
    cells[2]?.append(recording);
    const made: Row = {
      row,
      cells,
      state,
      file,
      problem,
      buttons: new Map(commands.map((command) => [command, this.#button(command, () => this.#ask(made, command))])),
      busy: false,
      call,
    };
    const control = element("div");
    control.className = "control";
    control.append(...made.buttons.values(), problem);
    cells[3]?.append(control);
    this.#rows.set(call.connId, made);
    return made;
  }

  #button(command: RecordingCommand, ask: () => Promise<void>): HTMLButtonElement {
    const button = element("button", words[command]);
    button.type = "button";
    button.addEventListener("click", () => void ask());
    return button;
  }

  #fill(row: Row): void {
    const { call } = row;
    const parties = partiesText(call);
    const recording = recordingText(call);
    setText(row.cells[0], parties);
    setText(row.cells[1], call.callType);
    setText(row.state, recording);
    row.state.className = call.record === "On" ? "good" : "";
    row.state.title = `GSIP_RECORD: ${call.record ?? "absent"}`;
    setText(row.file, call.fileName ?? "");
    const fitting = this.#mayRecord ? commandsFor(call) : [];
    for (const [command, button] of row.buttons) {
      button.hidden = !fitting.includes(command);
      // Not `disabled`: that would throw the focus off the button while its request runs.
      button.setAttribute("aria-disabled", String(row.busy || !this.#connected));
      button.setAttribute("aria-label", `${words[command]}: call of ${parties}`);
    }
  }

  async #ask(row: Row, command: RecordingCommand): Promise<void> {
    const [ThisDN] = row.call.own.keys();
    const client = this.#client;
    if (client === undefined || ThisDN === undefined || row.busy || !this.#connected) return;
    const about = { ThisDN, ConnID: row.call.connId, Reasons: { source: "console" } };
    const focused = document.activeElement === row.buttons.get(command);
    row.busy = true;
    setText(row.problem, "");
    this.#fill(row);
    try {
      if (command === "start") await client.recordStart(about);
      else if (command === "pause") await client.recordPause(about);
      else if (command === "resume") await client.recordResume(about);
      else await client.recordStop(about);
    } catch (error) {
      setText(row.problem, error instanceof TlibError ? `${error.name}: ${error.message}` : String(error));
    }
    row.busy = false;
    this.#fill(row);
    // The button of what was done is gone, or will be once GSIP_RECORD says so: the next one takes its place.
    if (focused) this.#keepFocus(row);
  }

  #keepFocus(row: Row): void {
    const next = Array.from(row.buttons.values()).find((button) => !button.hidden);
    if (document.activeElement === document.body) next?.focus();
  }
}

function element<K extends keyof HTMLElementTagNameMap>(name: K, text = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function setText(node: Node | undefined, text: string): void {
  if (node !== undefined && node.textContent !== text) node.textContent = text;
}
