import { useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { Button } from "../../../shared/ui/Button";

/** What an address of a deleted video shows. */
export function Gone() {
  const t = useT();
  return (
    <div className="grid h-full place-content-center gap-4 p-8 text-center" data-testid="video-gone">
      <h1 className="text-20 font-semibold">{t("videos.gone")}</h1>
      <p className="text-muted">{t("videos.gone.text")}</p>
      <div>
        <Button icon="back" onClick={() => navigate("/videos")}>
          {t("videos.back")}
        </Button>
      </div>
    </div>
  );
}
