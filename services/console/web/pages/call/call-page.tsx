import { useEffect, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { Badge } from "../../parts/badge.tsx";
import type { CallFacts, CallJournal } from "../../parts/ladder/journal.ts";
import { LadderOf } from "../../parts/ladder/ladder.tsx";
import { useJournal } from "../../parts/ladder/use-journal.ts";
import { LateSpinner } from "../../parts/late-spinner.tsx";
import { Page } from "../../parts/page.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { can } from "../../session.ts";
import { durationText, momentText } from "../../time.ts";
import "./call-page.css";

interface Recording {
  readonly id: string;
  readonly state: string;
  readonly durationMs: number;
}

/** A call: what it was, what became of its recording, and everything that was said about it on the wire. */
export default function CallPage({ callUuid = "" }: { callUuid?: string }) {
  const { journal, problem, retry } = useJournal(callUuid);
  const title = journal === undefined ? "Call" : `Call of ${journal.call.ani} to ${journal.call.dnis}`;
  return (
    <Page title={title} wide>
      {problem !== undefined && <ProblemNote problem={problem} retry={retry} />}
      {problem === undefined && journal === undefined && <LateSpinner what="the journal of the call" />}
      {journal !== undefined && <Found journal={journal} />}
    </Page>
  );
}

function Found({ journal }: { journal: CallJournal }) {
  const { call, related } = journal;
  return (
    <>
      <Facts call={call} />
      {related.length > 0 && (
        <p>
          {related.map(({ callUuid, relation, ani, dnis }) => (
            <span key={callUuid} class="call-related">
              {relation === "consultation" ? "Consultation" : "It was begun from"}{" "}
              <a href={`/calls/${callUuid}`}>
                {ani} to {dnis}
              </a>
              : its lines are below too.{" "}
            </span>
          ))}
        </p>
      )}
      <h2 class="call-heading">Journal</h2>
      <LadderOf journal={journal} />
    </>
  );
}

function Facts({ call }: { call: CallFacts }) {
  const { createdTime, answeredTime, endedTime } = call;
  const lengthMs =
    answeredTime === null || endedTime === null ? undefined : Date.parse(endedTime) - Date.parse(answeredTime);
  return (
    <dl class="call-facts panel">
      <div>
        <dt>Began</dt>
        <dd>{momentText(createdTime)}</dd>
      </div>
      <div>
        <dt>Talked</dt>
        <dd>
          {answeredTime === null
            ? "was not answered"
            : lengthMs === undefined
              ? "is up, or its end was not seen"
              : durationText(lengthMs)}
        </dd>
      </div>
      <div>
        <dt>Kind</dt>
        <dd>{call.callType}</dd>
      </div>
      <div class="call-parties">
        <dt>Parties</dt>
        <dd>
          {call.parties.map(({ dn, number, role, agentId, recorded }) => (
            <span key={`${dn} ${number} ${role}`}>
              {number}
              {number === dn ? "" : ` (${dn})`}
              {agentId === null ? "" : `, agent ${agentId}`} {recorded && <Badge>recorded</Badge>}
            </span>
          ))}
        </dd>
      </div>
      <div>
        <dt>Recording</dt>
        <dd>
          <RecordingsOf call={call} />
        </dd>
      </div>
      <div>
        <dt>ConnID</dt>
        <dd class="mono">{call.connId}</dd>
      </div>
      <div>
        <dt>CallUUID</dt>
        <dd class="mono">{call.callUuid}</dd>
      </div>
    </dl>
  );
}

/** The recordings of the call where there are some, else what SIP Server says of it. */
function RecordingsOf({ call: { callUuid, recording } }: { call: CallFacts }) {
  const [found, setFound] = useState<readonly Recording[]>([]);
  useEffect(() => {
    if (!can("search")) return;
    const left = new AbortController();
    api
      .get<{ recordings: Recording[] }>(`/api/v1/recordings?call-uuid=${encodeURIComponent(callUuid)}`, left.signal)
      .then(({ recordings }) => setFound(recordings))
      // A recorder that is away costs the links.
      .catch(() => undefined);
    return () => left.abort();
  }, [callUuid]);
  const said = recording.state === "absent" ? "none" : `${recording.state}, ${recording.cause ?? ""}`;
  return (
    <>
      {said}
      {found.map(({ id, state, durationMs }) => (
        <span key={id}>
          {" "}
          <a href={`/recordings/${encodeURIComponent(id)}`}>
            play {durationText(durationMs)}
            {state === "complete" ? "" : ` (${state})`}
          </a>
        </span>
      ))}
    </>
  );
}
