export { type AuthCounts, type AuthResult, Authenticator, type AuthenticatorOptions } from "./authenticator.ts";
export { Registrar, type RegistrarEvents, type RegistrarOptions } from "./registrar.ts";
export type { Contact, RegistrationView } from "./types.ts";
