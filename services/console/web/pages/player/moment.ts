/** Position in a recording as `m:ss` or `h:mm:ss`. */
export function positionText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const pad = (n: number): string => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours === 0 ? `${minutes}:${pad(seconds % 60)}` : `${hours}:${pad(minutes)}:${pad(seconds % 60)}`;
}

/** The same in words, for who hears the page. */
export function positionWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 3600), "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [seconds % 60, "second"],
  ];
  const said = parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}${n === 1 ? "" : "s"}`);
  return said.length === 0 ? "0 seconds" : said.join(" ");
}

/** The time that an address names, `?t=63.5` or `#t=63.5` or `#t=1:03`, in ms; undefined where it names none. */
export function momentOf(search: string, hash: string): number | undefined {
  const text = new URLSearchParams(hash.replace(/^#/, "")).get("t") ?? new URLSearchParams(search).get("t");
  if (text === null || !/^(\d{1,3}:){0,2}\d{1,6}(\.\d{1,6})?$/.test(text)) return undefined;
  const seconds = text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return Math.round(seconds * 1000);
}

/** The address of a moment. */
export function linkTo(href: string, ms: number): string {
  const url = new URL(href);
  url.searchParams.delete("t");
  url.hash = `t=${(Math.round(ms / 100) / 10).toString()}`;
  return url.href;
}
