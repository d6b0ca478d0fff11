import { useT } from "../../../i18n";
import { remoteHost } from "../../../shared/host";
import { Button } from "../../../shared/ui/Button";
import { chooseFile, startCamera, startDemo } from "../actions";

/** What happens to the pictures, before anything is asked for; then three ways to begin, none above the others. */
export function Welcome() {
  const t = useT();
  const host = remoteHost(window.location.hostname);
  return (
    <div className="m-auto max-w-2xl p-4 sm:p-8" data-testid="welcome">
      <h1 className="mb-3 text-20 font-semibold sm:text-28">{t("welcome.title")}</h1>
      <ul className="mb-5 grid gap-1 text-14 text-muted sm:mb-6 sm:text-16">
        <li>{t("welcome.what")}</li>
        <li data-testid="privacy">{host === null ? t("welcome.where.here") : t("welcome.where.server", { host })}</li>
        <li>{t("welcome.kept")}</li>
      </ul>
      <div className="grid gap-2 sm:grid-cols-3">
        <Button icon="camera" data-testid="start-camera" onClick={() => void startCamera(null)}>
          {t("welcome.camera")}
        </Button>
        <Button icon="file" data-testid="start-file" onClick={chooseFile}>
          {t("welcome.file")}
        </Button>
        <Button icon="demo" data-testid="start-demo" onClick={() => void startDemo()}>
          {t("welcome.demo")}
        </Button>
      </div>
      <p className="mt-3 text-14 text-muted max-sm:hidden">{t("welcome.drop")}</p>
    </div>
  );
}
