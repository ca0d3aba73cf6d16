declare const brand: unique symbol;

/** A string or number that only its own parser makes, e.g. `Brand<string, "Dn">`. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A directory number: the name of a device in the configuration. */
export type Dn = Brand<string, "Dn">;
/** 16 lower-case hex digits that name a call. */
export type ConnId = Brand<string, "ConnId">;
/** 32 characters of `0-9A-V` that name a call across systems. */
export type CallUuid = Brand<string, "CallUuid">;
