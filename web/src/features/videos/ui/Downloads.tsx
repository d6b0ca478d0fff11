import { useLanguage, useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { percent } from "../../../shared/format";
import { Button } from "../../../shared/ui/Button";
import { Icon } from "../../../shared/ui/Icon";
import * as api from "../engine/api";
import { act } from "../store";
import { Delete } from "./VideoRow";

const TABLES = ["csv", "json", "parquet"] as const;
const link =
  "inline-flex h-10 items-center gap-2 rounded-card border border-line bg-surface px-3 text-14 font-medium hover:border-muted";

/** What can be taken away, and deleting it all. */
export function Downloads({ video }: { readonly video: api.Video }) {
  const t = useT();
  const language = useLanguage().code;
  const path = `${api.BASE}/${video.id}`;
  return (
    <section className="grid gap-2 rounded-card border border-line bg-surface p-3">
      <h2 className="text-16 font-semibold">{t("videos.download")}</h2>
      <div className="flex flex-wrap gap-2">
        {TABLES.map((format) => (
          <a
            key={format}
            className={link}
            href={`${path}/table?format=${format}`}
            data-testid={`table-${format}`}
            download
          >
            <Icon name="download" />
            {t(`videos.download.${format}`)}
          </a>
        ))}
        {video.annotated === "ready" ? (
          <a className={link} href={`${path}/annotated?download=true`} data-testid="copy" download>
            <Icon name="download" />
            {t("videos.download.copy")}
          </a>
        ) : (
          <Button
            data-testid="make-copy"
            disabled={video.state === "failed" || video.annotated === "waiting" || video.annotated === "running"}
            onClick={() => void act(api.annotate, video.id)}
          >
            {video.annotated === "running"
              ? t("videos.copy.running", { percent: percent(video.progress ?? 0, language) })
              : t("videos.copy.make")}
          </Button>
        )}
      </div>
      {video.annotated === "failed" && (
        <p className="text-14 text-warn">{t("videos.copy.failed", { reason: video.reason })}</p>
      )}
      <div className="flex gap-2">
        <Delete video={video} onDone={() => navigate("/videos")} />
      </div>
    </section>
  );
}
