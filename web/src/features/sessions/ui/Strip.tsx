import { looks } from "../../../shared/emotions";
import { runsOfSame, type Shown } from "../engine/compare";

interface StripProps {
  readonly shown: readonly Shown[];
  readonly top: number;
  readonly tall: number;
}

/** A band of what was shown, one unit per step; thin where nobody was there, nothing where nothing was recorded. */
export function Strip({ shown, top, tall }: StripProps) {
  return runsOfSame(shown).map(([first, end, value]) => {
    if (value === null) return null;
    const thin = value === "nobody";
    return (
      <rect
        key={first}
        x={first}
        width={end - first}
        y={thin ? top + tall * 0.45 : top}
        height={thin ? tall * 0.1 : tall}
        fill={value === "nobody" || value === "uncertain" ? "var(--muted)" : looks[value].colour}
        opacity={value === "uncertain" ? 0.3 : 1}
      />
    );
  });
}

/** A line of steps through the values, broken where they are not known. @returns the path of an SVG */
export function stepsPath(values: readonly (number | null)[], place: (value: number) => number): string {
  let path = "";
  let before: number | null = null;
  values.forEach((value, i) => {
    if (value !== null) {
      const y = place(value).toFixed(2);
      path += before === null ? `M${i} ${y}H${i + 1}` : `V${y}H${i + 1}`;
    }
    before = value;
  });
  return path;
}
