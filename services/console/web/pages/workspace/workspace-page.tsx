import { EmptyState } from "../../parts/empty-state.tsx";
import { Page } from "../../parts/page.tsx";

/** Workspace. */
export default function WorkspacePage() {
  return (
    <Page title="Workspace">
      <EmptyState title="Not there yet" />
    </Page>
  );
}
