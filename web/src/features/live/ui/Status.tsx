import { type Translate, useLanguage, useT } from "../../../i18n";
import { reasonText, refusalText } from "../../../shared/refusals";
import type { Snapshot } from "../engine/session";
import { useSession } from "../store";

/** The one thing to say about the picture now, or nothing. The most pressing comes first. */
export function statusOf(
  snapshot: Snapshot,
  t: Translate,
  language: string,
): { name: string; text: string; warn: boolean } | null {
  const { link, camera, paused, refused, busy, noFace, obstacle } = snapshot;
  if (link === "loading") return { name: "loading", text: t("state.loading"), warn: false };
  if (link === "connecting") return { name: "connecting", text: t("state.connecting"), warn: false };
  if (link === "reconnecting" && refused !== null)
    return { name: "unavailable", text: t("state.unavailable", { message: refusalText(refused, t) }), warn: true };
  if (link === "reconnecting") return { name: "reconnecting", text: t("state.reconnecting"), warn: true };
  if (refused !== null)
    return { name: "refused", text: t("state.refused", { message: refusalText(refused, t) }), warn: true };
  if (camera !== null && camera.state !== "live") {
    const text = t(`camera.state.${camera.state}`);
    const { code, reason: message } = camera;
    const why = message === "" ? "" : reasonText({ code, message }, t, language);
    return { name: camera.state, text: why === "" ? text : `${text}: ${why}`, warn: true };
  }
  if (paused) return { name: "paused", text: t("state.paused"), warn: false };
  if (noFace) return { name: "no-face", text: t("state.noFace"), warn: false };
  if (obstacle !== null && obstacle !== "unsure")
    return { name: obstacle.replace(" ", "-"), text: t(`state.${obstacle}`), warn: false };
  if (busy) return { name: "busy", text: t("state.busy"), warn: true };
  return null;
}

export function Status() {
  const t = useT();
  const status = statusOf(useSession(), t, useLanguage().code);
  return (
    <p
      role="status"
      data-testid="status"
      data-state={status?.name ?? "none"}
      className={`max-w-[80%] rounded-card px-3 py-1.5 text-center text-14 font-medium transition-opacity ${status === null ? "opacity-0" : "opacity-100"} ${status?.warn === true ? "bg-[#33270f]/95 text-[#f5b84b]" : "bg-[#0f1216]/90 text-white"}`}
    >
      {status?.text}
    </p>
  );
}
