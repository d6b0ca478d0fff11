import { useLanguage, useT } from "../../../i18n";
import { emotions } from "../../../shared/emotions";
import { capitalized, clock, percent } from "../../../shared/format";
import { EmotionGlyph } from "../../../shared/ui/Icon";
import type { Course, FrameLine, Person } from "../engine/api";

const MOST = 24;

/** The same facts as picture and chart, as a table: who shows what now, what mostly, and when they were there. */
export function People({ course, line }: { readonly course: Course | null; readonly line: FrameLine | null }) {
  const t = useT();
  const language = useLanguage().code;
  const people = [...(course?.people ?? [])]
    .sort((a, b) => b.frames - a.frames)
    .slice(0, MOST)
    .sort((a, b) => a.track - b.track);
  const name = (emotion: (typeof emotions)[number]) => capitalized(t(`emotion.${emotion}`), language);
  return (
    <section className="rounded-card border border-line bg-surface p-3">
      <h2 className="mb-2 text-16 font-semibold">{t("videos.people")}</h2>
      <table className="w-full text-14" data-testid="video-people">
        <thead className="text-left text-muted">
          <tr>
            <th className="py-1 pr-2 font-medium">{t("videos.people.face")}</th>
            <th className="py-1 pr-2 font-medium">{t("videos.people.now")}</th>
            <th className="py-1 pr-2 font-medium">{t("videos.people.mostly")}</th>
            <th className="py-1 font-medium">{t("videos.people.seen")}</th>
          </tr>
        </thead>
        <tbody>
          {people.map((person) => {
            const face = line?.faces.find(({ track }) => track === person.track);
            const most = mostly(person);
            return (
              <tr key={person.track} className="border-t border-line">
                <td className="py-1.5 pr-2">{person.track}</td>
                <td className="w-32 py-1.5 pr-2">
                  {face === undefined
                    ? t("videos.people.absent")
                    : `${name(face.emotion.label)} ${percent(face.emotion.confidence, language)}${face.emotion.uncertain ? " ?" : ""}`}
                </td>
                <td className="py-1.5 pr-2">
                  <span className="flex items-center gap-1.5">
                    <EmotionGlyph emotion={most} />
                    {name(most)}
                  </span>
                </td>
                <td className="py-1.5 whitespace-nowrap text-muted">
                  {clock(person.first)}–{clock(person.last)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** The expression with the greatest mean over all that was seen of somebody. */
export function mostly({ bins }: Person): (typeof emotions)[number] {
  const sums = emotions.map((_, k) => bins.reduce((sum, bin) => sum + (bin?.[k] ?? 0), 0));
  return emotions[sums.indexOf(Math.max(...sums))] ?? "neutral";
}
