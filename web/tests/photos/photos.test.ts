import { describe, expect, it } from "vitest";
import { type Analysis, analyze, type Face, type Means, PATH } from "../../src/features/photos/engine/api";
import { annotatedName } from "../../src/features/photos/engine/pictures";
import { csvOf, jsonOf } from "../../src/features/photos/engine/table";
import { Turns } from "../../src/features/photos/engine/turns";
import { isPhoto, takePhotos } from "../../src/shared/handover";

const happy: Face = {
  box: [1.5, 2, 11, 12],
  score: 0.9,
  points: null,
  emotion: {
    label: "happiness",
    confidence: 0.93,
    uncertain: false,
    probabilities: {
      ...{ neutral: 0.02, happiness: 0.93, surprise: 0.01, sadness: 0.01 },
      ...{ anger: 0.01, disgust: 0.01, fear: 0.005, contempt: 0.005 },
    },
  },
  pose: { yaw: 1, pitch: -2, roll: 0.5 },
  quality: 0.8,
  explain: { label: "happiness", box: [0, 0, 20, 20], image: "data:image/png;base64,AAAA" },
};

function analysis(...faces: Face[]): Analysis {
  return {
    source: "x",
    frame: 0,
    time: 0,
    width: 64,
    height: 48,
    faces,
    version: "1",
    models: {},
  } as unknown as Analysis;
}

const outcomes = [
  { name: "=cmd,1.jpg", analysis: analysis(happy, { ...happy, reason: "too dark" }) },
  { name: "empty.png", analysis: analysis() },
  { name: "broken.jpg", error: 'it is "cut short"' },
];

describe("csvOf", () => {
  const [header = "", ...lines] = csvOf(outcomes).trimEnd().split("\n");
  const at = (line: string | undefined, column: string) => line?.split(",")[header.split(",").indexOf(column)];

  it("has a row for each face, and one for what has none or could not be read", () => {
    expect(lines).toHaveLength(4);
    expect(lines.map((line) => line.slice(0, 12))).toEqual([
      "\"'=cmd,1.jpg",
      "\"'=cmd,1.jpg",
      "empty.png,64",
      "broken.jpg,,",
    ]);
  });

  it("holds what was seen, and numbers faces as the picture does", () => {
    // The name's own comma is one more.
    const cells = lines[1]?.split(",").slice(1) ?? [];
    const columns = header.split(",");
    const cell = (column: string) => cells[columns.indexOf(column)];
    expect([cell("number"), cell("x1"), cell("emotion"), cell("p_happiness"), cell("pitch"), cell("reason")]).toEqual([
      ...["2", "1.5", "happiness", "0.93", "-2", "too dark"],
    ]);
    expect(at(lines[2], "faces")).toBe("0");
  });

  it("quotes what a table would take apart, and marks what would be a formula", () => {
    expect(lines[0]?.startsWith('"\'=cmd,1.jpg",64,48,2,1,')).toBe(true);
    expect(lines[3]?.endsWith(',"it is ""cut short"""')).toBe(true);
  });
});

it("jsonOf leaves the heat maps out and names what failed", () => {
  const { pictures } = JSON.parse(jsonOf(outcomes));
  expect(pictures[0].faces[0]).not.toHaveProperty("explain");
  expect(pictures[0].faces[0].emotion.label).toBe("happiness");
  expect(pictures.map((each: { source: string }) => each.source)).toEqual(["=cmd,1.jpg", "empty.png", "broken.jpg"]);
  expect(pictures[2].error).toContain("cut short");
});

/** A server that gives these answers, and a clock that does not wait. */
function means(...answers: Response[]): Means & { readonly waits: number[]; readonly paths: string[] } {
  const waits: number[] = [];
  const paths: string[] = [];
  return {
    ...{ waits, paths },
    fetch: async (path) => {
      paths.push(path);
      const answer = answers[Math.min(paths.length, answers.length) - 1];
      if (answer === undefined) throw new Error("no answer left");
      return answer.clone();
    },
    wait: async (seconds) => {
      waits.push(seconds);
    },
  };
}

const busy = () => new Response('{"error":{"message":"busy"}}', { status: 429, headers: { "retry-after": "2" } });
const never = new AbortController().signal;

describe("analyze", () => {
  it("comes again when the server is busy, as soon as it says", async () => {
    const world = means(busy(), new Response("", { status: 503 }), Response.json(analysis(happy)));
    expect((await analyze(new Blob(["x"]), "a.jpg", never, false, world)).faces).toHaveLength(1);
    expect(world.waits).toEqual([2, 1]);
    expect(world.paths).toEqual([PATH, PATH, PATH]);
  });

  it("asks for age and gender where they are wanted", async () => {
    const world = means(Response.json(analysis(happy)));
    await analyze(new Blob(["x"]), "a.jpg", never, true, world);
    expect(world.paths).toEqual([`${PATH}&attributes=age,gender`]);
  });

  it("gives up in the server's words", async () => {
    const world = means(busy());
    await expect(analyze(new Blob(["x"]), "a.jpg", never, false, world)).rejects.toThrow("busy");
    expect(world.waits).toHaveLength(7);
  });

  it("does not ask again for what is no picture", async () => {
    const world = means(new Response('{"error":{"message":"a.jpg is no picture"}}', { status: 415 }));
    await expect(analyze(new Blob(["x"]), "a.jpg", never, false, world)).rejects.toThrow("a.jpg is no picture");
    expect(world.paths).toHaveLength(1);
  });
});

it("takes turns: so many at a time, in order, and goes on after one that fails", async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const done = Array.from(
    { length: 4 },
    (_, i) =>
      new Promise<void>((finished) =>
        turns.add(async () => {
          begun.push(i);
          await new Promise<void>((end) => ends.push(end));
          finished();
        }),
      ),
  );
  expect(begun).toEqual([0, 1]);
  ends[1]?.();
  await done[1];
  await new Promise((next) => setTimeout(next, 0));
  expect(begun).toEqual([0, 1, 2]);
  for (const end of ends) end();
  await done[2];
  await new Promise((next) => setTimeout(next, 0));
  expect(begun).toEqual([0, 1, 2, 3]);
});

describe("files", () => {
  it.each([
    ["a.jpg", "image/jpeg", true],
    ["a.gif", "image/gif", true],
    ["a.mp4", "video/mp4", false],
    ["IMG_1.HEIC", "", true],
    ["clip.mkv", "", false],
  ])("%s of type %s is a photo: %s", (name, type, photo) => {
    expect(isPhoto({ name, type })).toBe(photo);
  });

  it("names annotated copies after their pictures", () => {
    expect(annotatedName("my.holiday.png")).toBe("my.holiday-mien.jpg");
    expect(annotatedName("noending")).toBe("noending-mien.jpg");
  });

  it("has nothing to take over when nothing was given", () => {
    expect(takePhotos()).toEqual([]);
  });
});
