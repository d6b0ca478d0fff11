import { useT } from "../../../i18n";
import { clock } from "../../../shared/format";
import type { Source } from "../sources/source";
import { session, useSession } from "../store";

/** Where in the video we are; dragging winds it. */
export function Seek({ source }: { readonly source: Source }) {
  const t = useT();
  // The session's snapshot changes a few times a second, which is what moves the handle.
  useSession();
  const tape = source.tape;
  if (tape === null) return null;
  return (
    <div className="pointer-events-auto flex items-center gap-3 rounded-card bg-[#0f1216]/80 px-3 py-1 text-14 text-white">
      <input
        type="range"
        className="h-8 min-w-0 flex-1 accent-accent"
        aria-label={t("action.seek")}
        aria-valuetext={clock(tape.position)}
        data-testid="seek"
        min={0}
        max={tape.duration}
        step={0.1}
        value={tape.position}
        onChange={(event) => session.seek(event.target.valueAsNumber)}
      />
      <span className="whitespace-nowrap">
        {clock(tape.position)} / {clock(tape.duration)}
      </span>
    </div>
  );
}
