import { type Finding, findingText } from "@sidetone/recording-file";

/** Two lines for each: what is wrong where, and below it what to do. */
export function findingLines(findings: readonly Finding[]): string[] {
  return findings.flatMap((finding) => [`  ${findingText(finding)}`, `    ${finding.remedy}`]);
}
