import { EmptyState } from "../../parts/empty-state.tsx";

/** `GET /api/v1/status`, as far as it helps to a first call. */
export interface StatusHint {
  readonly phones?: {
    readonly servers: readonly string[];
    readonly domain: string;
    readonly dns: readonly { readonly dn: string; readonly record: boolean; readonly demoPassword?: string }[];
  };
}

/** Nobody calls: how to make a call. */
export function FirstCall({ status }: { status: StatusHint | undefined }) {
  const phones = status?.phones;
  return (
    <EmptyState title="No calls now">
      <p>A call appears here the moment a phone dials, with its recording and everything that can be done about it.</p>
      {phones !== undefined && phones.dns.length > 1 && (
        <>
          <p>
            To make one, register two softphones at {phones.servers.join(" or ")}, domain {phones.domain}:
          </p>
          <ul class="first-phones">
            {phones.dns.slice(0, 4).map(({ dn, record, demoPassword }) => (
              <li key={dn}>
                <strong class="mono">{dn}</strong>
                {demoPassword !== undefined && (
                  <>
                    {" "}
                    password <span class="mono">{demoPassword}</span>
                  </>
                )}
                {record && <span class="hint"> is recorded</span>}
              </li>
            ))}
          </ul>
          <p>
            Then dial from one to the other. Without a softphone at hand, <code>npm run demo</code> makes calls.
          </p>
        </>
      )}
    </EmptyState>
  );
}
