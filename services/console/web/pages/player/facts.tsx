import type { ComponentChildren } from "preact";
import { clockText } from "../../time.ts";
import { positionText } from "./moment.ts";
import { nameOf, type Recording } from "./recording.ts";

const codecs = { pcmu: "G.711 µ-law", pcma: "G.711 A-law" } as const;

/** Parties, data, parameters and technical facts. */
export function Facts({ recording }: { recording: Recording }) {
  const { participants, userData = {}, parameters, channels, codec, sources = [] } = recording;
  return (
    <div class="fact-grid">
      <FactTable title="Parties" empty="The metadata of this recording name nobody.">
        {participants.map((one, n) => (
          <tr key={`${n} ${nameOf(one)}`}>
            <th scope="row">{nameOf(one)}</th>
            <td>
              {[one.side, one.dn === undefined ? undefined : `DN ${one.dn}`, one.aor]
                .filter((s) => s !== undefined)
                .join(", ")}
              {one.from !== undefined && (
                <small>
                  {" "}
                  {clockText(one.from)} to {one.to === undefined ? "the end" : clockText(one.to)}
                </small>
              )}
            </td>
          </tr>
        ))}
      </FactTable>
      <FactTable title="User data" empty="SIP Server has told no data of this call.">
        {rows(userData)}
      </FactTable>
      <FactTable title="Parameters" empty="None were given.">
        {rows(parameters)}
      </FactTable>
      <FactTable title="Technical facts" empty="">
        {rows({
          Recording: recording.id,
          "File name": recording.fileName,
          ...(recording.callUuid === undefined ? {} : { CallUUID: recording.callUuid }),
          ...(recording.connId === undefined ? {} : { ConnID: recording.connId }),
          Length: positionText(recording.durationMs),
          Audio: `${codec === undefined ? "none" : codecs[codec]}, 8 kHz, stereo`,
          ...Object.fromEntries(
            channels.map(({ side, lostMs, lostPackets }) => [
              `Lost of the ${side}`,
              lostPackets === 0 ? "nothing" : `${(lostMs / 1000).toFixed(2)} s in ${lostPackets} packets`,
            ]),
          ),
        })}
        {recording.callUuid !== undefined && (
          <tr>
            <th scope="row">Signalling</th>
            <td>
              <a href={`/calls/${encodeURIComponent(recording.callUuid)}`}>SIP and T-Library journal of the call</a>
            </td>
          </tr>
        )}
      </FactTable>
      {sources.length > 0 && (
        <FactTable title="Copies" empty="">
          {sources.map(({ id, copy, durationMs, state, lostMs, primary }) => (
            <tr key={id}>
              <th scope="row">
                <a href={`/recordings/${encodeURIComponent(id)}`}>Copy {copy}</a>
              </th>
              <td>
                {primary ? "heard here, " : ""}
                {state}, {positionText(durationMs)}, {(lostMs / 1000).toFixed(2)} s lost
              </td>
            </tr>
          ))}
        </FactTable>
      )}
    </div>
  );
}

function rows(values: Readonly<Record<string, string>>): ComponentChildren[] {
  return Object.entries(values).map(([name, value]) => (
    <tr key={name}>
      <th scope="row">{name}</th>
      <td>{value}</td>
    </tr>
  ));
}

function FactTable(o: { title: string; empty: string; children: ComponentChildren }) {
  const nothing = Array.isArray(o.children) && o.children.length === 0;
  return (
    <section class="panel facts" aria-label={o.title}>
      <h2>{o.title}</h2>
      {nothing ? (
        <p class="hint">{o.empty}</p>
      ) : (
        <table>
          <tbody>{o.children}</tbody>
        </table>
      )}
    </section>
  );
}
