import { useT } from "../../../i18n";
import { useAttributesAllowed } from "../../../shared/attributes";
import { download } from "../../../shared/download";
import { remoteHost } from "../../../shared/host";
import { useSettings } from "../../../shared/settings";
import { AttributesBox } from "../../../shared/ui/AttributesBox";
import { Button } from "../../../shared/ui/Button";
import { Chooser, useDrop } from "../../../shared/ui/Chooser";
import { HeatColours } from "../../../shared/ui/Heat";
import { csvOf, jsonOf } from "../engine/table";
import { add, outcomesOf, removeAll, showHeat, usePhotos, wantAttributes } from "../store";
import { Card } from "./Card";

const ACCEPT = "image/*";

/** Where photos are chosen, and all those that were. */
export function Gallery() {
  const t = useT();
  const photos = usePhotos((state) => state.photos);
  const { dragging, ...drop } = useDrop(add);
  const some = photos.length > 0;
  return (
    <div className="relative h-full overflow-y-auto" {...drop}>
      <div className="mx-auto grid max-w-7xl gap-6 px-4 py-6 sm:px-8 sm:py-10" data-testid="photos">
        <header>
          <h1 className="text-28 font-semibold">{t("photos.title")}</h1>
          <p className="text-16 text-muted">{t("photos.lead")}</p>
        </header>
        <Choosing dragging={dragging} some={some} />
        {some && <Tools />}
        {some && (
          <ul className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3 2xl:grid-cols-4">
            {photos.map((photo) => (
              <Card key={photo.key} photo={photo} />
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

interface ChoosingProps {
  readonly dragging: boolean;
  /** Whether there are photos already: then what is kept was read. */
  readonly some: boolean;
}

function Choosing({ dragging, some }: ChoosingProps) {
  const t = useT();
  const allowed = useAttributesAllowed((state) => state.allowed);
  const wanted = useSettings((state) => state.attributes);
  const host = remoteHost(window.location.hostname);
  return (
    <Chooser
      accept={ACCEPT}
      icon="file"
      word={t("photos.choose")}
      testid="photo-input"
      dragging={dragging}
      small={some}
      onFiles={add}
      beside={
        !some && (
          <Button icon="demo" data-testid="photos-demo" onClick={() => void addDemo()}>
            {t("photos.demo")}
          </Button>
        )
      }
    >
      <p className="text-14 text-muted">{t(dragging ? "photos.drop.here" : "photos.drop")}</p>
      <p className="text-14 text-muted" data-testid="photos-kept">
        {host === null ? t("photos.kept.here") : t("photos.kept.server", { host })}
      </p>
      {allowed && <AttributesBox testid="photo-attributes" checked={wanted} onChange={wantAttributes} />}
    </Chooser>
  );
}

async function addDemo(): Promise<void> {
  const response = await fetch("/demo.jpg");
  add([new File([await response.blob()], "Eileen Collins (NASA).jpg", { type: "image/jpeg" })]);
}

/** How far the reading is, the heat maps, and what can be taken away. */
function Tools() {
  const t = useT();
  const { photos, heat } = usePhotos();
  const read = photos.filter(({ reading }) => reading.state === "done" || reading.state === "failed").length;
  const failed = photos.filter(({ reading }) => reading.state === "failed").length;
  const faces = photos.reduce(
    (sum, { reading }) => sum + (reading.state === "done" ? reading.analysis.faces.length : 0),
    0,
  );
  const take = (content: string, type: string, name: string) => download(new Blob([content], { type }), name);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <p role="status" data-testid="photos-read" data-read={read} className="text-14 text-muted">
        {read < photos.length
          ? t("photos.reading", { count: read, all: photos.length })
          : t("photos.read", { count: photos.length - failed, faces })}
        {failed > 0 && ` · ${t("photos.failed.count", { count: failed })}`}
      </p>
      {read < photos.length && (
        <progress className="bar w-32" value={read} max={photos.length} aria-label={t("photos.title")} />
      )}
      <div className="ml-auto flex flex-wrap items-center gap-2 max-sm:ml-0">
        <HeatSwitch />
        <Button
          icon="download"
          data-testid="photos-csv"
          disabled={read === 0}
          onClick={() => take(csvOf(outcomesOf(photos)), "text/csv", "mien-photos.csv")}
        >
          {t("photos.csv")}
        </Button>
        <Button
          icon="download"
          data-testid="photos-json"
          disabled={read === 0}
          onClick={() => take(jsonOf(outcomesOf(photos)), "application/json", "mien-photos.json")}
        >
          {t("photos.json")}
        </Button>
        <Button look="quiet" icon="trash" data-testid="photos-clear" onClick={removeAll}>
          {t("photos.clear")}
        </Button>
      </div>
      {heat && (
        <p className="flex w-full flex-wrap items-center gap-x-4 text-14 text-muted">
          <HeatColours />
        </p>
      )}
    </div>
  );
}

/** Shows where on the faces the expressions were read from. */
export function HeatSwitch() {
  const t = useT();
  const heat = usePhotos((state) => state.heat);
  return (
    <label className="flex h-10 items-center gap-2 px-2 text-14 font-medium" title={t("photos.heat.note")}>
      <input
        type="checkbox"
        role="switch"
        aria-checked={heat}
        className="size-5 accent-accent"
        data-testid="heat"
        checked={heat}
        onChange={(event) => showHeat(event.target.checked)}
      />
      {t("photos.heat")}
    </label>
  );
}
