/** What a recording INVITE tells the Resource Manager besides its Request-URI. */
export interface PlacementWish {
  /** Contacts of recorders that were lost (R31): they are taken only where no other is left. */
  readonly avoid: ReadonlySet<string>;
  /** R10: where the other copy is, or is to go; this one must not go there. */
  readonly sibling: string | undefined;
  /** As the last 2xx gave it: which resource the session had, also for another Resource Manager (R32). */
  readonly token: string | undefined;
  /** Site of the call, as SIP Server named it for its legs (R11). */
  readonly geoLocation: string | undefined;
  readonly callUuid: string | undefined;
}

/** What makes a request one of a SIPREC client (RFC 7866 6.1.1, 9.2): the extension, and that a recorder may ask for metadata. */
export const siprecHeaders: readonly (readonly [string, string])[] = [
  ["Require", "siprec"],
  ["Accept", "application/sdp, application/rs-metadata+xml, application/rs-metadata"],
];

/** Headers of a recording INVITE. @param own of the protocol */
export function inviteHeaders(o: PlacementWish, own: readonly (readonly [string, string])[]): [string, string][] {
  const wishes: readonly (readonly [string, string | undefined])[] = [
    ["X-Resource-Avoid", o.avoid.size === 0 ? undefined : Array.from(o.avoid).join(", ")],
    ["X-Resource-Sibling", o.sibling],
    ["X-Resource-Token", o.token],
    ["X-Genesys-geo-location", o.geoLocation],
    ["X-Genesys-CallUUID", o.callUuid],
  ];
  return [
    ...own.map(([name, value]): [string, string] => [name, value]),
    ...wishes.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
  ];
}
