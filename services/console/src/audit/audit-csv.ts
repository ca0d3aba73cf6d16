import type { StoredAuditRow } from "../store/audit-chain.ts";
import { entryView } from "./audit-view.ts";

/** Names of the columns, with the mark by which spreadsheets know UTF-8. */
export const csvHead = "\uFEFFid,time,user,role,address,action,object,outcome,detail,hash\r\n";

/** One line of RFC 4180. */
export function csvLine(row: StoredAuditRow): string {
  const { id, at, user, role, address, action, object, outcome, detail, hash } = entryView(row);
  const more = Object.entries(detail)
    .map(([name, value]) => `${name}: ${value}`)
    .join("; ");
  return `${[String(id), at, user, role, address, action, object ?? "", outcome, more, hash].map(cell).join(",")}\r\n`;
}

/** Spreadsheets take what begins so for a formula, also behind spaces; with an apostrophe in front it is text. */
const formula = /^\s*[=+\-@|%\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/;

function cell(text: string): string {
  const harmless = formula.test(text) || /^[\t\r\n]/.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}
