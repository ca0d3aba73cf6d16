import { EmptyState } from "../../parts/empty-state.tsx";
import { Page } from "../../parts/page.tsx";

/** Audit. */
export default function AuditPage() {
  return (
    <Page title="Audit">
      <EmptyState title="Not there yet" />
    </Page>
  );
}
