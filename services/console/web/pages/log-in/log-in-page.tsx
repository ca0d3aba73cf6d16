import { EmptyState } from "../../parts/empty-state.tsx";
import { Page } from "../../parts/page.tsx";

/** Log-in. */
export default function LogInPage() {
  return (
    <Page title="Log in">
      <EmptyState title="Not there yet" />
    </Page>
  );
}
