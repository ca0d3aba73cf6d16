import { Events } from "@sidetone/foundation";
import type {
  ClientTransaction,
  Credentials,
  Destination,
  EndReason,
  RequestHandlers,
  RequestOptions,
  SessionEvents,
} from "../endpoint/types.ts";
import { dialogKey, nextHop, requestInside, retargeted } from "../dialog/dialog.ts";
import type { Dialog } from "../dialog/dialog.ts";
import { createResponse } from "../message/index.ts";
import type { NameAddr, SipMessage, SipRequest, SipResponse } from "../message/index.ts";
import type { Flow } from "../transport/types.ts";
import type { DialogUser, SessionHost } from "./host.ts";
import { snapshotOf } from "./session-snapshot.ts";
import type { SessionSnapshot } from "./session-snapshot.ts";

export interface SessionCoreOptions {
  readonly role: "uac" | "uas";
  readonly callId: string;
  readonly localTag: string;
  readonly invite: SipRequest;
  readonly contactUser: string | undefined;
  readonly contactParams: readonly (readonly [string, string | true])[] | undefined;
  readonly credentials: Credentials | undefined;
  /** A flow that leads to the peer itself, for requests inside the dialog; undefined where a proxy may stand between. */
  readonly flow: Flow | undefined;
  /** Of a restored session: where the peer is, without and with a connection of its own. */
  readonly behind?: SessionSnapshot["behind"];
  readonly reach?: (() => Destination | undefined) | undefined;
}

/** What the parts of a session share: its dialog, its events, its end. */
export class SessionCore {
  readonly host: SessionHost;
  readonly role: "uac" | "uas";
  readonly callId: string;
  readonly localTag: string;
  readonly events: Events<SessionEvents>;
  invite: SipRequest;
  state: "trying" | "early" | "confirmed" | "ended" = "trying";
  /** The dialog; with several early ones the latest. */
  dialog: Dialog | undefined;
  remoteAllow: ReadonlySet<string> = new Set();
  remoteSupported: ReadonlySet<string> = new Set();
  localSdp: Buffer | undefined;
  remoteSdp: Buffer | undefined;
  readonly credentials: Credentials | undefined;
  readonly #o: SessionCoreOptions;
  #flow: Flow | undefined;
  readonly #user: DialogUser;
  readonly #keys = new Set<string>();
  readonly #endings: (() => void)[] = [];

  constructor(host: SessionHost, o: SessionCoreOptions, user: DialogUser) {
    this.host = host;
    this.#o = o;
    this.#flow = o.flow;
    this.#user = user;
    this.role = o.role;
    this.callId = o.callId;
    this.localTag = o.localTag;
    this.invite = o.invite;
    this.credentials = o.credentials;
    this.events = new Events((error, event) =>
      host.log.error({ callId: o.callId, event, error: String(error) }, "a session listener threw"),
    );
  }

  get ended(): boolean {
    return this.state === "ended";
  }

  /** Runs `cleanup` when the session ends, or at once where it has. */
  atEnd(cleanup: () => void): void {
    if (this.ended) cleanup();
    else this.#endings.push(cleanup);
  }

  /** Ends it once. Requests of the peer still find it until `release`. */
  end(reason: EndReason): void {
    if (this.ended) return;
    this.state = "ended";
    for (const cleanup of this.#endings.splice(0)) cleanup();
    this.events.emit("ended", reason);
  }

  /** Requests with this remote tag belong to the session. */
  bind(remoteTag: string): void {
    const key = dialogKey(this.callId, this.localTag, remoteTag);
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.host.bind(key, this.#user);
  }

  /** Requests of the peer no longer find it. */
  release(except?: string): void {
    const kept = except === undefined ? undefined : dialogKey(this.callId, this.localTag, except);
    for (const key of Array.from(this.#keys)) {
      if (key === kept) continue;
      this.#keys.delete(key);
      this.host.unbind(key);
    }
  }

  /** Notes what the peer says it can do. */
  learn(message: SipMessage): void {
    if (message.headers.has("Allow"))
      this.remoteAllow = new Set(message.headers.list("Allow").map((m) => m.toUpperCase()));
    if (message.headers.has("Supported"))
      this.remoteSupported = new Set(message.headers.list("Supported").map((t) => t.toLowerCase()));
  }

  /** Where requests inside `dialog` go. */
  destination(dialog: Dialog): Destination {
    const flow = this.#flow;
    const uri = nextHop(dialog);
    if (dialog.routeSet.length > 0) return { uri };
    if (flow !== undefined && this.host.isOpen(flow)) return { flow, fallback: uri };
    const { behind } = this.#o;
    return this.#o.reach?.() ?? (behind === undefined ? { uri } : { transport: "udp", ...behind });
  }

  /** The peer has spoken over `flow`, which leads to itself: a restored session has lost its own. */
  cameOver(flow: Flow | undefined): void {
    if (flow === undefined || (this.#flow !== undefined && this.host.isOpen(this.#flow))) return;
    this.#flow = flow;
  }

  /** What a restarted element needs to go on with the session. */
  snapshot(timer: SessionSnapshot["timer"]): SessionSnapshot | undefined {
    const { contactUser, contactParams } = this.#o;
    const snapshot = snapshotOf(this, timer, { contactUser, contactParams, flow: this.#flow });
    if (snapshot === undefined || snapshot.behind !== undefined || this.#flow !== undefined) return snapshot;
    return { ...snapshot, behind: this.#o.behind };
  }

  /** Value of our Contact header. */
  contact(towards: Destination): string {
    let value = `<${this.host.contact(this.#o.contactUser, towards)}>`;
    for (const [name, text] of this.#o.contactParams ?? []) value += text === true ? `;${name}` : `;${name}=${text}`;
    return value;
  }

  /** Headers of ours in messages that make or refresh a dialog. */
  capabilities(): (readonly [string, string])[] {
    const { allow, supported } = this.host;
    return [
      ["Allow", allow.join(", ")],
      ["Supported", supported.join(", ")],
    ];
  }

  /** Sends a request inside the dialog, or inside `early` where several are. Throws where there is none yet. */
  send(method: string, o: RequestOptions, handlers: RequestHandlers, early?: Dialog): ClientTransaction {
    const dialog = early ?? this.dialog;
    if (dialog === undefined) throw new Error(`${method} before there is a dialog`);
    const made = requestInside(dialog, method);
    this.replace(dialog, made.dialog);
    const { request } = made;
    const to = this.destination(dialog);
    if (method === "INVITE" || method === "UPDATE") {
      request.headers.append("Contact", this.contact(to));
      for (const [name, value] of this.capabilities()) request.headers.append(name, value);
    }
    request.headers.append("User-Agent", this.host.userAgent);
    fill(request, o, method === "INVITE" || method === "UPDATE" || method === "PRACK" ? "application/sdp" : undefined);
    const wrapped: RequestHandlers = {
      ...handlers,
      onFinal: (response) => {
        // A retry with credentials took a sequence number of its own.
        this.#advance(dialog.remoteTag, response.cseq?.sequence ?? 0);
        handlers.onFinal(response);
      },
      ...(this.credentials === undefined ? {} : { credentials: this.credentials }),
    };
    return this.host.request(request, to, wrapped);
  }

  /** Called where one of several dialogs changed; kept by the UAC while there are early ones. */
  onDialog: ((dialog: Dialog) => void) | undefined;

  /** Puts `next` in the place of `old`. */
  replace(old: Dialog, next: Dialog): void {
    if (this.dialog?.remoteTag === old.remoteTag) this.dialog = next;
    this.onDialog?.(next);
  }

  /** A target refresh of the peer (RFC 3261 12.2). */
  retarget(contact: NameAddr | undefined): void {
    if (this.dialog !== undefined) this.replace(this.dialog, retargeted(this.dialog, contact));
  }

  /** A response of ours that nobody sent: 408 on timeout, 503 on a transport failure. */
  synthesised(request: SipRequest, why: "timeout" | "transport"): SipResponse {
    return createResponse(request, why === "timeout" ? 408 : 503, undefined, { headers: [["X-Synthesised", why]] });
  }

  #advance(remoteTag: string, sequence: number): void {
    const dialog = this.dialog;
    if (dialog?.remoteTag !== remoteTag || dialog.localSequence >= sequence) return;
    this.replace(dialog, { ...dialog, localSequence: sequence });
  }
}

/** Puts headers and body of `o` on a request. */
export function fill(request: SipRequest, o: RequestOptions, defaultType: string | undefined): void {
  for (const [name, value] of o.headers ?? []) {
    if (name.toLowerCase() === "max-forwards") request.headers.set(name, value);
    else request.headers.append(name, value);
  }
  if (o.body === undefined) return;
  request.body = typeof o.body === "string" ? Buffer.from(o.body, "utf8") : o.body;
  const type = o.contentType ?? (request.headers.has("Content-Type") ? undefined : defaultType);
  if (type !== undefined && request.body.length > 0) request.headers.set("Content-Type", type);
}
