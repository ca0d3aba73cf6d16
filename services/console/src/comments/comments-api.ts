import { type Clock, rfc3339, SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import { admitted, type Doorkeeping, kept, notAllowed } from "../admission.ts";
import type { Visitor } from "../authentication.ts";
import { badBody, Body } from "../body.ts";
import { maxCommentAtMs, maxComments, maxCommentText } from "../limits.ts";
import type { StoredComment } from "../store/comment-table.ts";
import type { ConsoleStore } from "../store/console-store.ts";

/** What must be known of a recording that is commented. */
export interface CommentedRecording {
  /** Undefined while it goes on. */
  readonly durationMs: number | undefined;
}

/** Asks the recorders; undefined: none has the recording, or the visitor may not see it. */
export type FindRecording = (id: string, visitor: Visitor) => Promise<CommentedRecording | undefined>;

/**
 * `GET /api/v1/recordings/{id}/comments` → `{ comments: [{ id, atMs, text, user, createdAt }] }` in the order of their moments, `POST` adds
 * `{ atMs, text }`, `DELETE .../comments/{n}` removes one's own, or for an administrator anybody's. Who may not see a recording finds none.
 */
export function registerComments(
  app: FastifyInstance,
  o: Doorkeeping & { readonly table: ConsoleStore["comments"]; readonly clock: Clock; readonly find: FindRecording },
): void {
  const { table, clock } = o;
  const path = "/api/v1/recordings/:id/comments";
  const found = async (id: string, visitor: Visitor): Promise<CommentedRecording> => {
    const recording = await o.find(id, visitor);
    if (recording !== undefined) return recording;
    throw new SidetoneError("no-such-recording", `There is no recording ${JSON.stringify(id.slice(0, 200))}.`, {
      http: 404,
    });
  };

  app.get<{ Params: { id: string } }>(path, async (request, reply) => {
    const { id } = request.params;
    const visitor = await admitted(request, o, { permission: "search", action: "comment", object: id });
    await found(id, visitor);
    void reply.header("cache-control", "no-store");
    return { comments: (await table.of(id)).map(commentView) };
  });

  app.post<{ Params: { id: string } }>(path, async (request, reply) => {
    const { id } = request.params;
    const deed = { permission: "comment", action: "comment", object: id } as const;
    const visitor = await admitted(request, o, deed);
    const body = new Body(request.body, ["atMs", "text"]);
    const atMs = body.integer("atMs", 0, maxCommentAtMs);
    const text = body.text("text", 1, maxCommentText).trim();
    if (text === "") throw badBody("text must not be empty.");
    const { durationMs } = await found(id, visitor);
    if (durationMs !== undefined && atMs > durationMs)
      throw badBody(`atMs lies behind the end of the recording, which is ${durationMs} ms long.`);
    const user = visitor.name;
    await kept(request, o, { ...deed, detail: { did: "added", atMs: String(atMs), text } });
    const added = await table.add({ recording: id, atMs, text, user, createdAt: clock.wallMicros() }, maxComments);
    if (added === undefined) {
      throw new SidetoneError("too-many-comments", `The recording has ${maxComments} comments already.`, {
        http: 409,
        remedy: "Delete those that are not needed any longer.",
      });
    }
    return reply.code(201).send(commentView(added));
  });

  app.delete<{ Params: { id: string; comment: string } }>(`${path}/:comment`, async (request, reply) => {
    const { id, comment } = request.params;
    const deed = { permission: "comment", action: "comment", object: id } as const;
    const visitor = await admitted(request, o, deed);
    await found(id, visitor);
    const there = /^[1-9]\d{0,14}$/.test(comment) ? await table.get(Number(comment)) : undefined;
    if (there === undefined || there.recording !== id)
      throw new SidetoneError("no-such-comment", "There is no such comment on this recording.", { http: 404 });
    const detail = { did: "deleted", comment, of: there.user, text: there.text };
    if (there.user !== visitor.name && visitor.role !== "administrator") {
      await kept(request, o, { ...deed, detail }, "refused");
      throw notAllowed(visitor);
    }
    await kept(request, o, { ...deed, detail });
    await table.remove(there.id);
    return reply.code(204).send();
  });
}

function commentView({ id, atMs, text, user, createdAt }: StoredComment): Readonly<Record<string, string | number>> {
  return { id, atMs, text, user, createdAt: rfc3339(createdAt) };
}
