import { EmptyState } from "../../parts/empty-state.tsx";
import { Page } from "../../parts/page.tsx";

/** Users. */
export default function UsersPage() {
  return (
    <Page title="Users">
      <EmptyState title="Not there yet" />
    </Page>
  );
}
