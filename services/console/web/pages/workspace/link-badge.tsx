import { Badge } from "../../parts/badge.tsx";
import type { Link } from "./workspace-state.ts";

/** The DN, and how the way to T-Library is. */
export function LinkBadge({ dn, link }: { dn: string; link: Link }) {
  switch (link.kind) {
    case "up":
      return <Badge tone="good">DN {dn}, connected</Badge>;
    case "lost":
      return <Badge tone="bad">DN {dn}, connection lost</Badge>;
    case "connecting":
      return <Badge>DN {dn}, connecting</Badge>;
    case "idle":
    case "refused":
      return <Badge tone="warn">DN {dn}, not open</Badge>;
  }
}
