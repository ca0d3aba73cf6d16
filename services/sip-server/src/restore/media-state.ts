import type { CallMedia } from "../signalling/call-media.ts";
import type { MediaAnchor } from "../signalling/media-anchor.ts";
import type { CallSnapshot } from "./call-snapshot.ts";

/** What a restarted server has to know of a call's media. */
export type MediaState = Pick<CallSnapshot, "media" | "anchor" | "strays" | "mediaFailure">;

/** What of a media path makes it. Of the anchors that were `made` those that are closed are forgotten. */
export function mediaState(path: {
  readonly media: CallMedia;
  readonly anchor: MediaAnchor | undefined;
  readonly made: Set<MediaAnchor>;
  readonly failure: string | undefined;
  /** The call is on its way to another Media Server. */
  readonly moving: boolean;
}): MediaState {
  const { anchor, made, failure } = path;
  for (const one of made) if (one.closed) made.delete(one);
  const strays = Array.from(made).filter((one) => one !== anchor);
  const media = path.media.snapshot();
  return {
    media: path.moving ? { ...media, moving: true } : media,
    anchor: anchor?.snapshot(),
    strays: strays.flatMap((one) => one.snapshot().legs.map(({ session }) => session)),
    mediaFailure: failure,
  };
}
