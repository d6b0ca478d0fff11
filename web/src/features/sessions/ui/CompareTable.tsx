import type { ReactNode } from "react";
import { useLanguage, useT } from "../../../i18n";
import { looks } from "../../../shared/emotions";
import { percent } from "../../../shared/format";
import { EmotionGlyph } from "../../../shared/ui/Icon";
import type * as api from "../engine/api";
import { type Curve, differenceOf, eventKinds, meanOf, parts, ratesOf, type Shares } from "../engine/compare";
import { Letter } from "./Compare";
import { lengthOf, shownWord } from "./words";

type Pair<Value> = readonly [a: Value, b: Value];

interface Props {
  readonly sessions: Pair<api.Detail>;
  readonly people: Pair<number | null>;
  readonly shares: Pair<Shares | null>;
  readonly curves: Pair<Curve>;
}

const LEAST = 0.005;

/** The numbers of both and their differences, with what the uncertain time leaves open. */
export function CompareTable({ sessions, people, shares, curves }: Props) {
  const t = useT();
  const [a, b] = shares;
  return (
    <section className="grid gap-3 rounded-card border border-line bg-surface p-3">
      <h2 className="text-16 font-semibold">{t("compare.shares")}</h2>
      <table className="w-full table-fixed text-14" data-testid="compare-table">
        <thead>
          <tr className="text-left text-muted">
            <th scope="col" className="py-1 font-medium">
              {t("table.expression")}
            </th>
            {[0, 1].map((place) => (
              <th key={place} scope="col" className="w-[17%] py-1 font-medium sm:w-[24%]">
                <Letter place={place} />
              </th>
            ))}
            <th scope="col" className="w-[27%] py-1 text-right font-medium">
              {t("compare.difference")}
            </th>
          </tr>
        </thead>
        <tbody>
          {parts
            .filter((part) => (a?.of[part] ?? 0) >= LEAST || (b?.of[part] ?? 0) >= LEAST)
            .map((part) => (
              <ShareRow key={part} part={part} a={a} b={b} />
            ))}
        </tbody>
        <tbody className="border-t border-line">
          <Measures sessions={sessions} people={people} shares={shares} curves={curves} />
        </tbody>
      </table>
      <p className="max-w-prose text-14 text-muted">{t("compare.note")}</p>
    </section>
  );
}

interface ShareProps {
  readonly part: (typeof parts)[number];
  readonly a: Shares | null;
  readonly b: Shares | null;
}

function ShareRow({ part, a, b }: ShareProps) {
  const t = useT();
  const language = useLanguage().code;
  const points = pointsIn(language);
  const known = a !== null && b !== null;
  const difference = known && part !== "uncertain" ? differenceOf(part, a, b) : null;
  const open = difference !== null && difference.most - difference.least >= 0.01;
  return (
    <tr data-testid={`compare-${part}`} data-sure={difference?.sure}>
      <th scope="row" className="py-1.5 text-left font-normal">
        <span className="flex items-center gap-2">
          {part !== "uncertain" && <EmotionGlyph emotion={part} />}
          <span className="min-w-0 break-words hyphens-auto">{shownWord(part, t, language)}</span>
        </span>
      </th>
      {[a, b].map((shares, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the two places never change
        <td key={place} className="py-1.5 pr-3 align-top">
          {shares === null ? "–" : percent(shares.of[part], language)}
          <span aria-hidden="true" className="mt-0.5 block h-1.5 overflow-hidden rounded-full bg-track">
            <span
              className="block h-full"
              style={{
                width: `${(shares?.of[part] ?? 0) * 100}%`,
                backgroundColor: part === "uncertain" ? "var(--muted)" : looks[part].colour,
              }}
            />
          </span>
        </td>
      ))}
      <td className="py-1.5 text-right align-top">
        {known && (
          <span className={difference?.sure === true ? "font-semibold" : ""}>{points(b.of[part] - a.of[part])}</span>
        )}
        {open && (
          <span className="block text-muted">
            {t("compare.between", { least: points(difference.least), most: points(difference.most) })}
          </span>
        )}
      </td>
    </tr>
  );
}

/** Time in view, means, events a minute. */
function Measures({ sessions, people, shares, curves }: Props) {
  const t = useT();
  const language = useLanguage().code;
  const number = (digits: number, signed = false) =>
    new Intl.NumberFormat(language, {
      maximumFractionDigits: digits,
      minimumFractionDigits: digits,
      signDisplay: signed ? "exceptZero" : "auto",
    });
  const row = (name: ReactNode, testid: string, values: Pair<number | null>, digits: number, scale = 1) => (
    <tr key={testid} data-testid={testid}>
      <th scope="row" className="py-1.5 pr-2 text-left font-normal break-words hyphens-auto">
        {name}
      </th>
      {values.map((value, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the two places never change
        <td key={place} className={`py-1.5 ${value === null ? "text-muted" : ""}`}>
          {value === null ? t("compare.unknown") : number(digits).format(value * scale)}
        </td>
      ))}
      <td className="py-1.5 text-right">
        {values[0] !== null &&
          values[1] !== null &&
          minus(number(digits, true).format((values[1] - values[0]) * scale))}
      </td>
    </tr>
  );
  const rates = [ratesOf(sessions[0], people[0]), ratesOf(sessions[1], people[1])] as const;
  return (
    <>
      <tr data-testid="compare-seconds">
        <th scope="row" className="py-1.5 text-left font-normal">
          {t("compare.inView")}
        </th>
        {shares.map((each, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the two places never change
          <td key={place} className="py-1.5">
            {each === null ? "–" : lengthOf(each.seconds)}
          </td>
        ))}
        <td />
      </tr>
      {row(
        t("compare.satisfaction"),
        "compare-satisfaction",
        both(curves, ({ satisfaction }) => meanOf(satisfaction)),
        0,
      )}
      {row(
        t("compare.attention"),
        "compare-attention",
        both(curves, ({ attention }) => meanOf(attention)),
        0,
        100,
      )}
      {eventKinds
        .filter((kind) => rates.some((each) => (each[kind] ?? 0) > 0))
        .map((kind) =>
          row(t("compare.rate", { event: t(`event.${kind}`) }), `compare-${kind}`, [rates[0][kind], rates[1][kind]], 1),
        )}
    </>
  );
}

function both<From, To>([a, b]: Pair<From>, make: (value: From) => To): Pair<To> {
  return [make(a), make(b)];
}

/** Percentage points with their sign: "+12". */
function pointsIn(language: string): (share: number) => string {
  const format = new Intl.NumberFormat(language, { maximumFractionDigits: 0, signDisplay: "exceptZero" });
  return (share) => minus(format.format(100 * share));
}

/** A minus sign as wide as the plus sign. */
function minus(text: string): string {
  return text.replace("-", "−");
}
