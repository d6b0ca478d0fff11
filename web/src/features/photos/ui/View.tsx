import { useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { aboutText } from "../../../shared/attributes";
import { download } from "../../../shared/download";
import { emotions } from "../../../shared/emotions";
import { Button } from "../../../shared/ui/Button";
import { Bars, FaceMark, SmallBars } from "../../../shared/ui/Face";
import { HeatColours } from "../../../shared/ui/Heat";
import { useKeys } from "../../../shared/useKeys";
import { confidenceOf, spokenLabel } from "../../../shared/words";
import type { Face } from "../engine/api";
import { annotated, annotatedName } from "../engine/pictures";
import { open, type Photo, usePhotos } from "../store";
import { HeatSwitch } from "./Gallery";
import { Picture } from "./Picture";
import { aboutOf, facesOn, mapsOf } from "./shown";

interface Props {
  readonly photo: Photo;
  /** Its place among all. */
  readonly at: number;
  readonly all: readonly Photo[];
}

/** One photo: the picture, and beside it everybody in it. */
export function View({ photo, at, all }: Props) {
  const t = useT();
  const heat = usePhotos((state) => state.heat);
  const go = (step: number) => {
    const next = all[at + step];
    if (next !== undefined) open(next.key);
  };
  useKeys({ arrowleft: () => go(-1), arrowright: () => go(1), escape: () => open(null) });
  const { reading, name } = photo;
  return (
    <div className="h-full overflow-y-auto" data-testid="photo-view" data-name={name}>
      <div className="photo mx-auto grid gap-4 p-4 lg:h-full">
        <header className="flex flex-wrap items-center gap-2">
          <Button icon="back" look="quiet" data-testid="photos-back" onClick={() => open(null)}>
            {t("photos.back")}
          </Button>
          <h1 className="min-w-0 flex-1 truncate text-20 font-semibold">{name}</h1>
          <span className="flex items-center gap-1">
            <Step name="photos.previous" back disabled={at === 0} onGo={() => go(-1)} />
            <span className="px-1 text-14 whitespace-nowrap text-muted">
              {at + 1} / {all.length}
            </span>
            <Step name="photos.next" disabled={at === all.length - 1} onGo={() => go(1)} />
          </span>
        </header>
        <div className="stage relative overflow-hidden rounded-card">
          <Picture photo={photo} heat={heat} />
        </div>
        <div className="tools flex flex-wrap items-center gap-2">
          <HeatSwitch />
          <Annotated photo={photo} heat={heat} />
          <p
            className={`flex flex-wrap items-center gap-x-4 text-14 text-muted ${heat ? "" : "invisible max-sm:hidden"}`}
          >
            <HeatColours />
          </p>
        </div>
        <People faces={reading.state === "done" ? reading.analysis.faces : []} state={reading.state} />
      </div>
    </div>
  );
}

interface StepProps {
  readonly name: "photos.previous" | "photos.next";
  readonly back?: boolean;
  readonly disabled: boolean;
  onGo(): void;
}

function Step({ name, back = false, disabled, onGo }: StepProps) {
  const t = useT();
  return (
    <Button
      icon="back"
      look="quiet"
      compact="always"
      className={back ? "" : "-scale-x-100"}
      title={t(name)}
      disabled={disabled}
      onClick={onGo}
    >
      {t(name)}
    </Button>
  );
}

/** The picture as it is shown, in its full size. */
function Annotated({ photo, heat }: { readonly photo: Photo; readonly heat: boolean }) {
  const t = useT();
  const language = useLanguage().code;
  const [failed, setFailed] = useState(false);
  const { reading, file, name } = photo;
  if (reading.state !== "done") return null;
  const { analysis } = reading;
  const take = async () => {
    const maps = heat ? mapsOf(analysis) : [];
    const content = await annotated(file, analysis, maps, (canvas) => facesOn(canvas, analysis, t, language));
    setFailed(content === null);
    if (content !== null) download(content, annotatedName(name));
  };
  return (
    <>
      <Button icon="download" data-testid="photo-annotated" onClick={() => void take()}>
        {t("photos.annotated")}
      </Button>
      {failed && (
        <span role="alert" className="text-14 text-warn">
          {t("photos.annotated.failed")}
        </span>
      )}
    </>
  );
}

/** Everybody in the picture, the largest face first; the chosen one in full. */
function People({ faces, state }: { readonly faces: readonly Face[]; readonly state: Photo["reading"]["state"] }) {
  const t = useT();
  const [chosen, setChosen] = useState(0);
  return (
    <section
      className="people overflow-y-auto rounded-card border border-line bg-surface p-2"
      aria-label={t("people.title")}
    >
      <h2 className="px-2 pt-1 pb-2 text-14 font-semibold">{t("photos.faces", { count: faces.length })}</h2>
      {faces.length === 0 && (
        <p className="px-2 pb-4 text-14 text-muted">
          {state === "done" ? t("photos.none.text") : state === "failed" ? "" : t(`photos.state.${state}`)}
        </p>
      )}
      <ul data-testid="photo-people">
        {faces.map((face, i) => (
          <li key={face.box.join()}>
            <Person face={face} number={i + 1} chosen={i === chosen} onChoose={() => setChosen(i)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface PersonProps {
  readonly face: Face;
  readonly number: number;
  readonly chosen: boolean;
  onChoose(): void;
}

function Person({ face, number, chosen, onChoose }: PersonProps) {
  const t = useT();
  const language = useLanguage().code;
  const { emotion, reason = null } = face;
  const about = aboutOf(face);
  const values = emotions.map((name) => emotion.probabilities[name] ?? 0);
  return (
    <button
      type="button"
      aria-pressed={chosen}
      onClick={onChoose}
      className={`mb-1 block w-full rounded-card border p-3 text-left ${chosen ? "border-line bg-ground" : "border-transparent hover:bg-hover"}`}
    >
      <span className="flex items-center gap-3">
        <FaceMark number={number} />
        <span className="min-w-0 flex-1">
          <span className="block truncate text-14 text-muted">
            {t("people.face", { number })}
            {emotion.uncertain && reason !== null && ` · ${t(`emotion.${emotion.label}`)}?`}
          </span>
          <span className="flex items-baseline justify-between gap-2 text-16">
            <span className="font-semibold">{spokenLabel(emotion, reason, t, language)}</span>
            <span>{confidenceOf(emotion, language)}</span>
          </span>
          {about !== null && (
            <span className="block text-14 text-muted" title={t("attributes.note")} data-testid="about">
              {aboutText(about, t, language)}
            </span>
          )}
        </span>
      </span>
      {chosen ? <Bars values={values} /> : <SmallBars values={values} />}
    </button>
  );
}
