import { Client, type ConnectOptions } from "./client.ts";
import { type RecordMethods, type RequestMethods, requestMethods } from "./request-methods.ts";

/** A client with a method per request: `client.makeCall(...)`, `client.recordStart(...)`. */
export type TlibClient = Client & RequestMethods & RecordMethods;

/** Opens a session. Rejects with a TlibError where the first attempt fails: ConnectionFailed, AuthenticationFailed. */
export async function connect(o: ConnectOptions): Promise<TlibClient> {
  const client = new Client(o);
  await client.start();
  return Object.assign(
    client,
    requestMethods((name, ...attributes) => client.request(name, ...attributes)),
  );
}
