import { EmptyState } from "../../parts/empty-state.tsx";
import { Page } from "../../parts/page.tsx";

/** Configuration. */
export default function ConfigurationPage() {
  return (
    <Page title="Configuration">
      <EmptyState title="Not there yet" />
    </Page>
  );
}
