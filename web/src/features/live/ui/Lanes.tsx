import { useCallback } from "react";
import { useLanguage, useT } from "../../../i18n";
import { emotions } from "../../../shared/emotions";
import { capitalized } from "../../../shared/format";
import { session } from "../store";
import { type Drawing, DrawingPlace } from "./Drawing";
import { drawLanes, type Lane, lanesIn } from "./lanes";

const BIN_SECONDS = 0.25;

/** A lane for each person, those seen last where there is not room for all. */
export function Lanes() {
  const t = useT();
  const language = useLanguage().code;
  const make = useCallback(
    (host: HTMLElement): Drawing => {
      const canvas = document.createElement("canvas");
      canvas.className = "absolute inset-0 size-full";
      host.replaceChildren(canvas);
      const context = canvas.getContext("2d");
      const resize = () => {
        canvas.width = Math.round(host.clientWidth * window.devicePixelRatio);
        canvas.height = Math.round(host.clientHeight * window.devicePixelRatio);
      };
      const draw = () => {
        if (context === null) return;
        const style = getComputedStyle(host);
        const colour = (name: string) => style.getPropertyValue(name).trim();
        const lanes = lanesOf(lanesIn(host.clientHeight), (emotion) => capitalized(t(`emotion.${emotion}`), language));
        const ratio = window.devicePixelRatio;
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        drawLanes(context, host.clientWidth, host.clientHeight, lanes, t("chart.now"), {
          text: colour("--text"),
          muted: colour("--muted"),
          line: colour("--line"),
        });
        host.dataset.lanes = lanes.map(({ track }) => track).join(" ");
      };
      resize();
      return { draw, resize, destroy: () => host.replaceChildren() };
    },
    [t, language],
  );
  return <DrawingPlace make={make} testid="lanes" label={t("chart.lanes.label")} />;
}

function lanesOf(room: number, nameOf: (emotion: (typeof emotions)[number]) => string): Lane[] {
  const now = session.clock.now() / 1000;
  const people = session.snapshot().people;
  return session.history
    .recent(now)
    .toSorted((a, b) => b.ring.last - a.ring.last)
    .slice(0, room)
    .sort((a, b) => a.track - b.track)
    .map(({ track, ring }) => {
      const person = people.find((each) => each.track === track && each.present);
      const emotion = person?.expression?.label;
      return {
        track,
        bins: ring.bins(now, BIN_SECONDS),
        label: emotion === undefined ? null : { text: nameOf(emotion), emotion: emotions.indexOf(emotion) },
      };
    });
}
