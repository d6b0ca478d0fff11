import { expect, it } from "vitest";
import { translator } from "../src/i18n";
import german from "../src/i18n/languages/de";
import english from "../src/i18n/languages/en";
import { Refusal } from "../src/shared/answers";
import { failureText, reasonText, refusalText } from "../src/shared/refusals";

const en = translator(english);
const de = translator(german);

it("says in the language in use what the server refuses by code", () => {
  const refused = new Refusal(500, "/var/lib/recordings.db cannot be used (full)", "disk_full");
  expect(failureText(refused, en)).toContain("disk is full");
  expect(failureText(refused, de)).toContain("Datenträger des Servers ist voll");
});

it("says by code why a camera is not well", () => {
  const state = { code: "camera_silent", message: "no frame for 5 s: check the camera and its network" };
  expect(reasonText(state, de, "de")).toContain("sendet keine Bilder");
  expect(reasonText(state, en, "en")).toBe(state.message);
});

it.each(["", "something_new", "constructor", "toString"])("falls back to the server's words for %j", (code) => {
  expect(refusalText({ code, message: "no room for that" }, de)).toBe("no room for that");
});

it("tells a server that does not answer from other errors", () => {
  expect(failureText(new TypeError("Failed to fetch"), en)).toBe(en("refusal.unreachable"));
  expect(failureText(new Error("odd"), de)).toBe("odd");
  expect(failureText("odd", de)).toBe("odd");
});
