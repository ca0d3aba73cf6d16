import type { UserDataRefusal } from "../call-model/user-data.ts";
import type { SwitchFailure } from "../t-library/switch.ts";

/** What a client is told of user data that may not be. */
export function userDataFailure(refusal: UserDataRefusal): SwitchFailure {
  if (refusal.kind === "too-large") return { error: "TooLarge", message: refusal.reason };
  return {
    error: "InvalidAttribute",
    message: `UserData: ${refusal.key}: keys that begin with GSIP_ are SIP Server's`,
  };
}
