import { useEffect, useRef, useState } from "react";
import { useT } from "../../i18n";
import { refreshCameras } from "../../shared/cameras";
import { useDrop } from "../../shared/ui/Chooser";
import { useKeys } from "../../shared/useKeys";
import { FILE_INPUT_ID, startFiles, toggleFullscreen } from "./actions";
import { cameras, session, useSession } from "./store";
import { Announcer } from "./ui/Announcer";
import { ChartPanel } from "./ui/ChartPanel";
import { People } from "./ui/People";
import { Stage } from "./ui/Stage";
import { Toolbar } from "./ui/Toolbar";

type Tab = "people" | "chart";

/** @param camera the server's that is to be watched; null for a source of this computer */
export function LivePage({ camera }: { readonly camera: string | null }) {
  const t = useT();
  const stage = useRef<HTMLElement>(null);
  const [tab, setTab] = useState<Tab>("people");
  const { phase } = useSession().stage;
  const { dragging, ...drop } = useDrop((files) => void startFiles(files));
  const fullscreen = () => void toggleFullscreen(stage.current);
  useKeys({ " ": () => session.togglePause(), f: fullscreen });
  useEffect(() => {
    void cameras.refresh();
    void refreshCameras();
    // Whoever leaves the page expects the camera to go off.
    return () => session.stop();
  }, []);
  useEffect(() => {
    if (camera === null) session.unwatch();
    else session.watch(camera);
  }, [camera]);
  return (
    <div className="live" data-running={phase === "running"} {...drop}>
      {(phase === "running" || phase === "opening") && <h1 className="sr-only">{t("nav.live")}</h1>}
      <Stage ref={stage} />
      <ChartPanel shown={tab === "chart"} />
      <People shown={tab === "people"} />
      <Tabs tab={tab} onTab={setTab} />
      <Toolbar onFullscreen={fullscreen} />
      <Announcer />
      <FileInput label={t("welcome.file")} />
      {dragging && (
        <div className="pointer-events-none fixed inset-4 z-10 grid place-items-center rounded-card border-2 border-dashed border-accent bg-surface/90 text-20 font-semibold">
          {t("drop.here")}
        </div>
      )}
    </div>
  );
}

/** On phones the people and the chart share one place. */
function Tabs({ tab, onTab }: { readonly tab: Tab; onTab(tab: Tab): void }) {
  const t = useT();
  const { people } = useSession();
  const names: Record<Tab, string> = {
    people: people.length > 0 ? `${t("people.title")} (${people.length})` : t("people.title"),
    chart: t("chart.tab"),
  };
  return (
    <div className="tabs grid grid-cols-2 gap-1 rounded-card bg-track p-1">
      {(["people", "chart"] as const).map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={tab === name}
          data-testid={`tab-${name}`}
          onClick={() => onTab(name)}
          className={`h-9 rounded-lg text-14 font-medium ${tab === name ? "bg-surface" : "text-muted"}`}
        >
          {names[name]}
        </button>
      ))}
    </div>
  );
}

function FileInput({ label }: { readonly label: string }) {
  return (
    <input
      id={FILE_INPUT_ID}
      data-testid="file-input"
      type="file"
      multiple
      accept="image/*,video/*"
      className="hidden"
      aria-label={label}
      onChange={(event) => {
        const files = [...(event.target.files ?? [])];
        // The same file may be chosen again.
        event.target.value = "";
        void startFiles(files);
      }}
    />
  );
}
