/** Whether the text fits a pattern in which `*` stands for any characters, also none. Linear but for the retries of one `*`. */
export function matchesPattern(pattern: string, text: string): boolean {
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let retry = 0;
  while (at < text.length) {
    if (pattern[inPattern] === "*") {
      star = inPattern;
      retry = at;
      inPattern += 1;
    } else if (inPattern < pattern.length && pattern[inPattern] === text[at]) {
      at += 1;
      inPattern += 1;
    } else if (star !== -1) {
      retry += 1;
      at = retry;
      inPattern = star + 1;
    } else return false;
  }
  while (pattern[inPattern] === "*") inPattern += 1;
  return inPattern === pattern.length;
}

/** The pattern as SQLite's GLOB has it, where `?` and `[` mean something too. */
export function patternToGlob(pattern: string): string {
  return pattern.replaceAll(/[?[]/g, "[$&]");
}
