import type { SidetoneConfig } from "@sidetone/config";
import { type RandomBytes, randomHex, type RoleName } from "@sidetone/foundation";

/** Bytes of a key that is made here; RFC 7518 3.2 wants 32 at least. */
const KEY_BYTES = 32;

/**
 * Where SIP Server and console start in this process and the file gives neither a `token-secret`, both get one that nobody else
 * has and that lives as long as the process: the console's live view works without a key in the file.
 */
export function withTokenSecret(
  config: SidetoneConfig,
  roles: readonly RoleName[],
  random: RandomBytes,
): SidetoneConfig {
  const { sipServer, console } = config;
  if (sipServer === undefined || console === undefined) return config;
  if (!roles.includes("sip-server") || !roles.includes("console")) return config;
  if (sipServer.tokenSecret !== undefined || console.tokenSecret !== undefined) return config;
  const tokenSecret = randomHex(random, KEY_BYTES);
  return { ...config, sipServer: { ...sipServer, tokenSecret }, console: { ...console, tokenSecret } };
}
