import { type Emotion, looks } from "../emotions";

/** The app's own line icons, in a box of 24 × 24. They never stand alone: a word or a label is always with them. */

const paths = {
  live: "M4 8V6a2 2 0 0 1 2-2h2M16 4h2a2 2 0 0 1 2 2v2M20 16v2a2 2 0 0 1-2 2h-2M8 20H6a2 2 0 0 1-2-2v-2M9 10v.5M15 10v.5M8.5 14.5c.9 1.3 2.1 2 3.5 2s2.6-.7 3.5-2",
  videos: "M4 5.5h16v13H4ZM8 5.5v13M16 5.5v13M4 9.8h4M4 14.2h4M16 9.8h4M16 14.2h4",
  download: "M12 4v10.5M7.5 10.5L12 15l4.5-4.5M5 19.5h14",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 12.5h8L17 7M10.2 10.5v6M13.8 10.5v6",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  compare: "M4 5.5h6.5v13H4ZM13.5 5.5H20v13h-6.5ZM6.2 15.5v-4M8.2 15.5v-6M15.8 15.5v-6M17.8 15.5v-3",
  back: "M14.5 5.5L8 12l6.5 6.5",
  about: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5.5M12 7.5v.3",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8v4.4M9 14.8v4.4",
  help: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM9.5 9.5A2.5 2.5 0 1 1 13 11.8c-.7.4-1 .9-1 1.7v.3M12 16.8v.3",
  camera:
    "M3 8.5A1.5 1.5 0 0 1 4.5 7h9A1.5 1.5 0 0 1 15 8.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 15.5ZM15 10.5l6-3v9l-6-3",
  file: "M4 6.5A1.5 1.5 0 0 1 5.5 5h13A1.5 1.5 0 0 1 20 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5ZM4 16l4.5-4.5 4 4 2.5-2.5 5 4.5M15.5 9v.3",
  demo: "M12 3.5l2.3 5.7 6.1.4-4.7 3.9 1.5 6L12 16.2l-5.2 3.3 1.5-6-4.7-3.9 6.1-.4Z",
  show: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  play: "M7.5 5.2v13.6l11-6.8Z",
  record: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  recordPause: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM9.8 9v6M14.2 9v6",
  marker: "M6.5 20.5V4.5h11l-2.5 4 2.5 4h-11",
  sessions: "M5 4.5h14v15H5ZM8 15.5v-3M12 15.5v-7M16 15.5v-5",
  stop: "M6.5 6.5h11v11h-11Z",
  reset: "M5 5v4.5h4.5M5.3 9.5A7.5 7.5 0 1 1 4.5 13",
  fullscreen: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  mirror: "M12 4v16M9 7.5L4 16.5h5ZM15 7.5l5 9h-5Z",
  close: "M6 6l12 12M18 6L6 18",
  warning: "M12 4.5L2.8 20h18.4ZM12 10v4.5M12 17.2v.3",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return <Glyph path={paths[name]} size={size} />;
}

/** An emotion's glyph: a small face in the emotion's colour. */
export function EmotionGlyph({ emotion }: { readonly emotion: Emotion }) {
  const { colour, glyph } = looks[emotion];
  return (
    <span style={{ color: colour }}>
      <Glyph path={`M12 22.5a10.5 10.5 0 1 0 0-21 10.5 10.5 0 0 0 0 21Z${glyph}`} />
    </span>
  );
}

/** A stroked path in a box of 24 × 24, in the colour of the text around it. */
export function Glyph({ path, size = 20 }: { readonly path: string; readonly size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.7}
      strokeLinecap="round"
      strokeLinejoin="round"
      className="shrink-0"
    >
      <path d={path} />
    </svg>
  );
}
