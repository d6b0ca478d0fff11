import { type Translate, useLanguage, useT } from "../../../i18n";
import { capitalized } from "../../../shared/format";
import { failureText } from "../../../shared/refusals";
import { Button } from "../../../shared/ui/Button";
import { EmotionGlyph, Icon } from "../../../shared/ui/Icon";
import { spokenLabel } from "../../../shared/words";
import { open, type Photo, remove, retry, usePhotos } from "../store";
import { Picture } from "./Picture";

const GLYPHS_AT_MOST = 6;

/** One photo of the gallery; a click looks at it closely. */
export function Card({ photo }: { readonly photo: Photo }) {
  const t = useT();
  const heat = usePhotos((state) => state.heat);
  const { reading, name } = photo;
  const failed = reading.state === "failed";
  return (
    <li
      data-testid="photo"
      data-name={name}
      data-state={reading.state}
      className="grid grid-cols-[minmax(0,1fr)_auto] overflow-hidden rounded-card border border-line bg-surface"
    >
      <button
        type="button"
        disabled={reading.state !== "done"}
        aria-label={t("photos.open", { name })}
        onClick={() => open(photo.key)}
        className="relative col-span-2 aspect-[4/3] -outline-offset-2"
      >
        {failed ? (
          <span className="absolute inset-0 grid place-content-center bg-warn-ground text-warn">
            <Icon name="warning" size={24} />
          </span>
        ) : (
          <Picture photo={photo} heat={heat} />
        )}
      </button>
      <div className="min-w-0 px-3 py-2">
        <p className="truncate text-14 font-semibold" title={name}>
          {name}
        </p>
        <Line photo={photo} t={t} />
      </div>
      <div className="flex items-start p-1">
        {failed && (
          <Button look="quiet" icon="reset" compact="always" title={t("action.retry")} onClick={() => retry(photo)}>
            {t("photos.retry", { name })}
          </Button>
        )}
        <Button
          look="quiet"
          icon="close"
          compact="always"
          title={t("photos.remove")}
          data-testid="photo-remove"
          onClick={() => remove(photo.key)}
        >
          {t("photos.remove.named", { name })}
        </Button>
      </div>
    </li>
  );
}

/** What became of it, in one line. */
function Line({ photo: { reading }, t }: { readonly photo: Photo; readonly t: Translate }) {
  const language = useLanguage().code;
  if (reading.state === "failed")
    return (
      <p role="alert" data-testid="photo-reason" className="text-14 break-words text-warn">
        {capitalized(failureText(reading.error, t), language)}
      </p>
    );
  if (reading.state !== "done") return <p className="text-14 text-muted">{t(`photos.state.${reading.state}`)}</p>;
  const { faces } = reading.analysis;
  const [first] = faces;
  if (first === undefined) return <p className="text-14 text-muted">{t("photos.none.found")}</p>;
  if (faces.length === 1)
    return (
      <p className="flex items-center gap-1.5 text-14">
        <EmotionGlyph emotion={first.emotion.label} />
        <span className="truncate">{spokenLabel(first.emotion, first.reason ?? null, t, language)}</span>
      </p>
    );
  return (
    <p className="flex items-center gap-1 text-14">
      <span className="mr-1 whitespace-nowrap">{t("photos.faces", { count: faces.length })}</span>
      {faces.slice(0, GLYPHS_AT_MOST).map(({ box, emotion }) => (
        <EmotionGlyph key={box.join()} emotion={emotion.label} />
      ))}
      {faces.length > GLYPHS_AT_MOST && <span aria-hidden="true">…</span>}
    </p>
  );
}
