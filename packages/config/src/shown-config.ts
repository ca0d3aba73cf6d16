import { type Document, isNode, isScalar, type Node, visit } from "yaml";
import { maskedSecret, withoutCredentials } from "./credentials.ts";
import { type LoadOptions, readConfig } from "./load.ts";
import type { ConfigMistake } from "./mistake.ts";
import type { Reading } from "./reading.ts";

/** A configuration file for the eyes of people who may not know its secrets. */
export interface ShownConfig {
  /**
   * The text, each line in its place, with `maskedSecret` for every value that is a secret, and for those that the check did not understand:
   * they might be one. Undefined: it is not YAML, and nobody knows what is secret in it.
   */
  readonly text: string | undefined;
  readonly mistakes: readonly ConfigMistake[];
  readonly warnings: readonly ConfigMistake[];
}

/** Checks a text that is called `file`, and masks it. */
export function showConfig(text: string, file: string, options: LoadOptions = {}): ShownConfig {
  const { result, warnings, structure } = readConfig(text, file, options);
  const mistakes = result.ok ? [] : result.error;
  // What the YAML library says may quote the file.
  if (structure === undefined) {
    return { text: undefined, mistakes: mistakes.map((m) => ({ ...m, message: "is not YAML." })), warnings };
  }
  return { text: masked(text, structure.document, structure.reading), mistakes, warnings };
}

/** What each secret of a text is, by its path: for `LoadOptions.unchanged`. */
export function secretsOf(text: string, file: string, options: LoadOptions = {}): ReadonlyMap<string, string> {
  const { structure } = readConfig(text, file, options);
  return new Map(structure?.reading.secrets.map(({ path, value }) => [path, value]));
}

function masked(text: string, document: Document, { open, hidden }: Reading): string {
  const inKeys = new Set<Node>();
  const parts: string[] = [];
  let done = 0;
  const replace = (node: Node, shown: string): void => {
    const [from, to] = node.range ?? [0, 0];
    if (from === to) return;
    // As many lines as before, so that those behind keep their numbers; indented as before, or it would not be YAML any longer.
    const [, ...more] = text.slice(from, to).split("\n");
    const lines = more.map((line) => `\n${line.slice(0, line.length - line.trimStart().length)}`);
    parts.push(text.slice(done, from), JSON.stringify(shown), ...lines);
    done = to;
  };
  visit(document, {
    Pair(_, { key }) {
      // Names are no secrets; what stands where a name should be, but is a map or a list, may hold some.
      if (isNode(key) && !isScalar(key)) visit(key, { Scalar: (__, node) => void inKeys.add(node) });
    },
    Alias(_, node) {
      // Of nothing: somebody's secret begins with an asterisk.
      if (node.resolve(document) === undefined) replace(node, maskedSecret);
    },
    Scalar(place, node) {
      if (node.value === null || (place === "key" && !inKeys.has(node))) return;
      if (!open.has(node) || hidden.has(node)) return replace(node, maskedSecret);
      const shown = typeof node.value === "string" ? withoutCredentials(node.value) : node.value;
      if (shown !== node.value && typeof shown === "string") replace(node, shown);
    },
  });
  return parts.join("") + text.slice(done);
}
