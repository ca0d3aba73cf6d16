import { EmptyState } from "../../parts/empty-state.tsx";
import { Page } from "../../parts/page.tsx";

/** Call. */
export default function CallPage() {
  return (
    <Page title="Call">
      <EmptyState title="Not there yet" />
    </Page>
  );
}
