import { EmptyState } from "../../parts/empty-state.tsx";
import { Page } from "../../parts/page.tsx";

/** Player. */
export default function PlayerPage() {
  return (
    <Page title="Player">
      <EmptyState title="Not there yet" />
    </Page>
  );
}
