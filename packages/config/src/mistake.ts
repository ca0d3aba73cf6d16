/** One thing in the configuration that cannot stay (or, as a warning, should not). Lines and columns count from 1. */
export interface ConfigMistake {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where in the structure, e.g. `sip-server.dns."7001".type`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** What to do about it, as a sentence. */
  readonly remedy?: string;
}

/** `file:line:column: path: message. Remedy` on one line: editors and people find the place. */
export function formatMistake(m: ConfigMistake): string {
  const where = `${m.file}:${m.line}:${m.column}: `;
  const path = m.path === "" ? "" : `${m.path}: `;
  const remedy = m.remedy === undefined ? "" : ` ${m.remedy}`;
  return `${where}${path}${m.message}${remedy}`;
}
