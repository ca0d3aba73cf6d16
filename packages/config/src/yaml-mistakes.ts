import type { LineCounter, YAMLParseError } from "yaml";
import type { ConfigMistake } from "./mistake.ts";

/** What people mostly did when the YAML library says this. */
const causes: Partial<Record<YAMLParseError["code"], string>> = {
  TAB_AS_INDENT: "Indent with spaces: YAML allows no tabs there.",
  BAD_INDENT: "The keys of one map must begin in the same column, and a { or [ on an earlier line may lack its } or ].",
  MULTILINE_IMPLICIT_KEY: 'Each line of a map is "key: value": look for a missing colon or quotation mark.',
  MISSING_CHAR: "Look for a missing quotation mark, comma, ] or } here or on the line before.",
  BLOCK_AS_IMPLICIT_KEY: 'Put text that has ": " in it in quotes.',
  BAD_ALIAS: "Put text that begins with * or & in quotes.",
  UNEXPECTED_TOKEN: "Put text that has signs such as @ ` % { } [ ] in it in quotes.",
  BAD_SCALAR_START: "Put text that begins with @ or ` in quotes.",
};

/** Where the text is not YAML. Only the first place: what comes after it mostly follows from it. */
export function yamlMistakes(errors: readonly YAMLParseError[], file: string, lines: LineCounter): ConfigMistake[] {
  const first = errors.toSorted((a, b) => a.pos[0] - b.pos[0])[0];
  if (first === undefined) return [];
  const { line, col } = lines.linePos(first.pos[0]);
  const mistake = { file, line, column: col, path: "", message: `is not YAML: ${first.message.replace(/\.$/, "")}.` };
  const remedy = causes[first.code];
  return [remedy === undefined ? mistake : { ...mistake, remedy }];
}
