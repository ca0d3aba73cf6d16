import { EmptyState } from "../../parts/empty-state.tsx";
import { Page } from "../../parts/page.tsx";

/** Reconciliation. */
export default function ReconciliationPage() {
  return (
    <Page title="Reconciliation">
      <EmptyState title="Not there yet" />
    </Page>
  );
}
