import { EmptyState } from "../../parts/empty-state.tsx";
import { Page } from "../../parts/page.tsx";

/** Live. */
export default function LivePage() {
  return (
    <Page title="Live">
      <EmptyState title="Not there yet" />
    </Page>
  );
}
