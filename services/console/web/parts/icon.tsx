/** Drawings of 24 by 24, as paths of a line. */
const paths = {
  wave: "M3 12h3l2-7 4 15 4-17 2 9h3",
  menu: "M4 6h16M4 12h16M4 18h16",
  live: "M12 12h.01M8.5 8.5a5 5 0 0 0 0 7m7-7a5 5 0 0 1 0 7M5.6 5.6a9 9 0 0 0 0 12.8m12.8-12.8a9 9 0 0 1 0 12.8",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14m5 12 4 4",
  check: "M5 12.5 10 17 19 7",
  headset: "M4 14v-2a8 8 0 0 1 16 0v2m-16 0h3v5H5a1 1 0 0 1-1-1zm16 0h-3v5h2a1 1 0 0 0 1-1z",
  users: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7m-6 9a6 6 0 0 1 12 0m1-9.5a3 3 0 1 0-1-5.8M17 14a5 5 0 0 1 4 6",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  settings: "M4 7h10m4 0h2M4 17h2m4 0h10M16 4.5v5M8 14.5v5",
  play: "M7 5v14l12-7z",
  pause: "M8 5v14M16 5v14",
  stop: "M6 6h12v12H6z",
  record: "M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12",
  download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  close: "M6 6l12 12M18 6 6 18",
  warning: "M12 4 2.5 20h19zM12 10v4m0 3h.01",
  phone: "M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a1 1 0 0 1-1 1A15 15 0 0 1 4 5a1 1 0 0 1 1-1z",
  volume: "M4 9v6h4l5 4V5L8 9zm12.5-.5a5 5 0 0 1 0 7",
  comment: "M4 5h16v11H9l-5 4z",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.6-5.6l-1.5 1.5M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.6 5.6l1.5-1.5",
  server: "M4 5h16v6H4zm0 8h16v6H4zM8 8h.01M8 16h.01",
} as const;

/** Name of a drawing. */
export type IconName = keyof typeof paths;

/** A drawing beside a text that says the same; hidden from who cannot see it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
      <path
        d={paths[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.8"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
