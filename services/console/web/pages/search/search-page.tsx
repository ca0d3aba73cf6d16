import { EmptyState } from "../../parts/empty-state.tsx";
import { Page } from "../../parts/page.tsx";

/** Recordings. */
export default function SearchPage() {
  return (
    <Page title="Recordings">
      <EmptyState title="Not there yet" />
    </Page>
  );
}
