/** The eight expressions: their fixed order, colours and glyphs. Every one has a colour, a glyph and a word. */

export const emotions = [
  "neutral",
  "happiness",
  "surprise",
  "sadness",
  "anger",
  "disgust",
  "fear",
  "contempt",
] as const;

export type Emotion = (typeof emotions)[number];

export interface Look {
  readonly colour: string;
  /** Dashes of the emotion's line in charts, so that lines differ without their colour; empty for a solid line. */
  readonly dash: readonly number[];
  /** SVG path of the glyph in a box of 24 × 24, stroked, never filled. */
  readonly glyph: string;
}

const eyes = "M8.6 9.4v.6M15.4 9.4v.6";

export const looks: Readonly<Record<Emotion, Look>> = {
  neutral: { colour: "#8A94A6", dash: [], glyph: `${eyes}M8 15.8h8` },
  happiness: { colour: "#E0A100", dash: [], glyph: `${eyes}M7.2 14c.9 2.6 2.7 3.8 4.8 3.8s3.9-1.2 4.8-3.8` },
  surprise: {
    colour: "#1AA7B5",
    dash: [6, 3],
    glyph: "M7 7.2c.7-.9 2-.9 2.8-.2M14.2 7c.8-.7 2.1-.7 2.8.2M8.6 10.4v.4M15.4 10.4v.4M12 13.4a2.1 2.6 0 1 0 .01 0Z",
  },
  sadness: {
    colour: "#3B6FD4",
    dash: [],
    glyph: "M6.8 9.3l3-1.5M17.2 9.3l-3-1.5M8.6 11v.4M15.4 11v.4M8 17.4c.8-1.7 2.3-2.5 4-2.5s3.2.8 4 2.5",
  },
  anger: {
    colour: "#D6403A",
    dash: [],
    glyph: "M6.8 7.6l3.2 1.8M17.2 7.6L14 9.4M8.8 11.2v.4M15.2 11.2v.4M8.4 16.8h7.2",
  },
  disgust: {
    colour: "#6B8E23",
    dash: [2, 3],
    glyph: "M7 9.8h3M14 9.8h3M7.4 15.6c1-1.3 2-1.3 3.1 0s2.1 1.3 3.1 0 2-1.3 3 0",
  },
  fear: {
    colour: "#8E5BD0",
    dash: [8, 3, 2, 3],
    glyph:
      "M7 8.4l2.8-1.2M17 8.4l-2.8-1.2M8.6 10.4v.6M15.4 10.4v.6M8 17.2v-1.4a1.2 1.2 0 0 1 1.2-1.2h5.6a1.2 1.2 0 0 1 1.2 1.2v1.4Z",
  },
  contempt: {
    colour: "#C2679B",
    dash: [3, 2],
    glyph: "M7 9.2h3M14.2 8.4l3-.6M15.4 10.2v.4M8.6 11v.2M8 16.2h4.4c2 0 3.2-.7 3.9-2.3",
  },
};
