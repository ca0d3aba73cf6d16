import { isDeepStrictEqual } from "node:util";
import { fail, ok, type Result } from "@sidetone/foundation";
import { type KVList, kvListBytes, kvListViolation, MAX_USER_DATA_BYTES } from "@sidetone/tlib";

/** A change that a client asks for (tlib-wire.md, "Requests"). Attach and update both set the pairs that they bring. */
export type UserDataChange =
  | { readonly kind: "attach" | "update"; readonly data: KVList }
  | { readonly kind: "delete-pair"; readonly key: string }
  | { readonly kind: "delete-all" };

/** Why user data stay as they are. */
export type UserDataRefusal =
  /** R22: the key is SIP Server's. */
  { readonly kind: "reserved"; readonly key: string } | { readonly kind: "too-large"; readonly reason: string };

/** User data after a change, and the keys that are not what they were. */
export interface ChangedUserData {
  readonly userData: KVList;
  readonly keys: readonly string[];
}

/** R22: a key that only SIP Server writes. */
export function isReservedKey(key: string): boolean {
  return key.slice(0, 5).toUpperCase() === "GSIP_";
}

/** What a client's change makes of user data. The limit of 32 KB counts what clients wrote; deleting always works. */
export function changedByClient(before: KVList, change: UserDataChange): Result<ChangedUserData, UserDataRefusal> {
  switch (change.kind) {
    case "attach":
    case "update": {
      const key = Object.keys(change.data).find(isReservedKey);
      if (key !== undefined) return fail({ kind: "reserved", key });
      const after = withPairs(before, change.data);
      const reason = after.keys.length === 0 ? undefined : tooLarge(before, after.userData);
      return reason === undefined ? ok(after) : fail({ kind: "too-large", reason });
    }
    case "delete-pair":
      if (isReservedKey(change.key)) return fail({ kind: "reserved", key: change.key });
      return ok(without(before, (key) => key === change.key));
    case "delete-all":
      return ok(without(before, (key) => !isReservedKey(key)));
  }
}

/** Sets pairs; a list that is a value is replaced as a whole. */
export function withPairs(before: KVList, data: KVList): ChangedUserData {
  const keys = Object.keys(data).filter(
    (key) => !Object.hasOwn(before, key) || !isDeepStrictEqual(before[key], data[key]),
  );
  return { userData: keys.length === 0 ? before : { ...before, ...data }, keys };
}

function without(before: KVList, leaves: (key: string) => boolean): ChangedUserData {
  const keys = Object.keys(before).filter(leaves);
  if (keys.length === 0) return { userData: before, keys };
  return { userData: Object.fromEntries(Object.entries(before).filter(([key]) => !leaves(key))), keys };
}

/** What is already above a limit may still become smaller. */
function tooLarge(before: KVList, after: KVList): string | undefined {
  const bytes = clientBytes(after);
  if (bytes > MAX_USER_DATA_BYTES && bytes > clientBytes(before)) {
    return `user data would be ${bytes} bytes, ${MAX_USER_DATA_BYTES} are allowed`;
  }
  const violation = kvListViolation(after, "UserData");
  return violation === undefined ? undefined : `UserData ${violation.reason}`;
}

function clientBytes(list: KVList): number {
  return kvListBytes(without(list, isReservedKey).userData);
}
