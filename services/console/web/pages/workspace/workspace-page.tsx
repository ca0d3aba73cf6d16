import { useEffect, useMemo } from "preact/hooks";
import { ApiProblem } from "../../api.ts";
import { Page } from "../../parts/page.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { LateSpinner } from "../../parts/late-spinner.tsx";
import { DnChoice, NoDn } from "./dn-choice.tsx";
import { Desk } from "./desk.tsx";
import { LinkBadge } from "./link-badge.tsx";
import { Workspace } from "./workspace.ts";
import "./workspace.css";

/** Workspace: an agent's calls on a DN, by T-Library. */
export default function WorkspacePage() {
  const workspace = useMemo(() => new Workspace(), []);
  useEffect(() => {
    void workspace.start();
    return () => workspace.close();
  }, [workspace]);
  const { dn, link, person } = workspace.state.value;
  const actions =
    dn === undefined ? undefined : (
      <>
        <LinkBadge dn={dn} link={link} />
        <button type="button" class="quiet" onClick={() => workspace.leave()}>
          Change DN
        </button>
      </>
    );
  const problem = workspace.problem.value;
  return (
    <Page title="Workspace" actions={actions}>
      {problem instanceof ApiProblem && problem.code === "no-grants" ? (
        <NoDn />
      ) : problem !== undefined ? (
        <ProblemNote problem={problem} retry={() => void workspace.start()} />
      ) : person === undefined ? (
        <LateSpinner what="your rights" />
      ) : dn === undefined || link.kind === "refused" ? (
        <DnChoice workspace={workspace} />
      ) : (
        <Desk workspace={workspace} />
      )}
    </Page>
  );
}
