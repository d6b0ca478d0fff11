import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from "react";
import { AboutPage } from "../features/about/AboutPage";
import { LivePage } from "../features/live/LivePage";
import { useLanguage, useT } from "../i18n";
import { onAddress } from "../shared/address";
import { cameraOf } from "../shared/cameras";
import { useTheme } from "../shared/theme";
import { useKeys } from "../shared/useKeys";
import { HelpDialog } from "./HelpDialog";
import { Rail } from "./Rail";
import { usePage } from "./router";
import { SettingsDialog } from "./SettingsDialog";

/** Loaded when it is first opened: who only looks at the live page does not wait for it. */
const CamerasPage = lazy(() => import("../features/cameras/CamerasPage"));
const VideosPage = lazy(() => import("../features/videos/VideosPage"));
const PhotosPage = lazy(() => import("../features/photos/PhotosPage"));
const SessionsPage = lazy(() => import("../features/sessions/SessionsPage"));

export function App() {
  const t = useT();
  const language = useLanguage();
  const page = usePage();
  const camera = useSyncExternalStore(onAddress, () => cameraOf(window.location.pathname));
  const [dialog, setDialog] = useState<"help" | "settings" | null>(null);
  useTheme();
  useKeys({ "?": () => setDialog("help") });
  useEffect(() => {
    document.documentElement.lang = language.code;
    document.title = `${t(`nav.${page}`)} · Mien`;
  }, [language, page, t]);
  const close = () => setDialog(null);
  return (
    <div className="shell">
      <a
        href="#page"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-20 focus:rounded-card focus:bg-surface focus:px-4 focus:py-2"
      >
        {t("nav.skip")}
      </a>
      <Rail page={page} onSettings={() => setDialog("settings")} onHelp={() => setDialog("help")} />
      <main id="page" tabIndex={-1} className="min-h-0 min-w-0 outline-none">
        {(page === "live" || camera !== null) && <LivePage camera={camera} />}
        {page === "about" && <AboutPage />}
        <Suspense fallback={null}>
          {page === "cameras" && camera === null && <CamerasPage />}
          {page === "videos" && <VideosPage />}
          {page === "photos" && <PhotosPage />}
          {page === "sessions" && <SessionsPage />}
        </Suspense>
      </main>
      <HelpDialog open={dialog === "help"} onClose={close} />
      <SettingsDialog open={dialog === "settings"} onClose={close} />
    </div>
  );
}
