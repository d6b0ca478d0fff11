import { type KeyboardEvent, useId, useState } from "react";
import { useT } from "../../../i18n";
import { useSession } from "../store";
import { Course } from "./Course";
import { Lanes } from "./Lanes";
import { ProbabilityTable } from "./ProbabilityTable";
import { Satisfaction, SatisfactionTable } from "./Satisfaction";
import { Shares } from "./Shares";

const views = ["course", "lanes", "satisfaction", "shares"] as const;
type View = (typeof views)[number];

export function ChartPanel({ shown }: { readonly shown: boolean }) {
  const t = useT();
  const id = useId();
  const { selected } = useSession();
  const [view, setView] = useState<View>("course");
  const alone = view === "course" && selected !== null;
  return (
    <section
      className="chart flex min-w-0 flex-col overflow-hidden rounded-card border border-line bg-surface"
      data-shown={shown}
      aria-label={t("chart.title")}
    >
      <div className="flex flex-wrap items-center justify-between gap-x-4 px-4 pt-2">
        <h2 className="text-14 font-semibold">{alone ? t("chart.of", { number: selected }) : t("chart.title")}</h2>
        <Views id={id} view={view} onView={setView} />
      </div>
      <div
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${view}`}
        className="relative flex min-h-0 flex-1 gap-4 px-2 pb-2 max-lg:flex-col max-lg:overflow-y-auto"
      >
        {view === "shares" ? (
          <Shares selected={selected} />
        ) : (
          <div className="relative min-h-36 min-w-0 flex-1">
            {view === "course" && <Course track={selected} />}
            {view === "lanes" && <Lanes />}
            {view === "satisfaction" && <Satisfaction selected={selected} />}
            {selected === null && <Nothing />}
          </div>
        )}
        {view === "shares" && selected === null && <Nothing />}
        {(view === "course" || view === "lanes") && <ProbabilityTable selected={selected} />}
        {view === "satisfaction" && <SatisfactionTable selected={selected} />}
      </div>
    </section>
  );
}

/** Why there is no chart. */
function Nothing() {
  const t = useT();
  return (
    <p className="absolute inset-0 grid place-items-center bg-surface/85 px-6 text-center text-14 text-muted">
      {t("chart.empty")}
    </p>
  );
}

interface ViewsProps {
  readonly id: string;
  readonly view: View;
  onView(view: View): void;
}

/** The kinds of chart. Arrow keys go from one to the next, as in any list of tabs. */
function Views({ id, view, onView }: ViewsProps) {
  const t = useT();
  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = views[(views.indexOf(view) + step + views.length) % views.length] ?? view;
    onView(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };
  return (
    <div role="tablist" aria-label={t("chart.views")} className="flex gap-1" onKeyDown={onKey}>
      {views.map((each) => (
        <button
          key={each}
          id={`${id}-${each}`}
          type="button"
          role="tab"
          aria-selected={each === view}
          aria-controls={`${id}-panel`}
          tabIndex={each === view ? 0 : -1}
          data-testid={`view-${each}`}
          onClick={() => onView(each)}
          className={`h-8 rounded-lg px-2 text-14 font-medium ${each === view ? "bg-track" : "text-muted hover:bg-hover"}`}
        >
          {t(`chart.${each}`)}
        </button>
      ))}
    </div>
  );
}
