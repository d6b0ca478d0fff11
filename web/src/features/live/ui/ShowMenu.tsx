import { type ToggleEvent, useEffect, useId, useRef } from "react";
import { useT } from "../../../i18n";
import { useSettings } from "../../../shared/settings";
import { Button } from "../../../shared/ui/Button";
import { useSession } from "../store";

const WIDTH = 288;
const GAP = 8;

const shows = ["landmarks", "pose", "signals", "attributes"] as const;

/** What is shown beside the expression. The browser's own popover closes it by Escape or a click elsewhere. */
export function ShowMenu() {
  const t = useT();
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLFieldSetElement>(null);
  const settings = useSettings();
  const { attributes } = useSession();

  useEffect(() => {
    const hide = () => panel.current?.hidePopover();
    window.addEventListener("resize", hide);
    return () => window.removeEventListener("resize", hide);
  }, []);

  const place = (event: ToggleEvent<HTMLFieldSetElement>) => {
    const at = button.current?.getBoundingClientRect();
    if (event.newState !== "open" || at === undefined) return;
    const { style } = event.currentTarget;
    style.left = `${Math.max(GAP, Math.min(at.left, window.innerWidth - WIDTH - GAP))}px`;
    // On whichever side there is more room, scrolled where even that is too little.
    const above = at.top - 2 * GAP;
    const below = window.innerHeight - at.bottom - 2 * GAP;
    style.bottom = above >= below ? `${window.innerHeight - at.top + GAP}px` : "auto";
    style.top = above >= below ? "auto" : `${at.bottom + GAP}px`;
    style.maxHeight = `${Math.max(above, below)}px`;
  };

  return (
    <>
      <Button
        ref={button}
        look="quiet"
        icon="show"
        compact
        popoverTarget={id}
        data-testid="show"
        // The page's own Escape must not keep the menu open.
        onKeyDown={(event) => {
          if (event.key === "Escape") panel.current?.hidePopover();
        }}
      >
        {t("show.title")}
      </Button>
      <fieldset
        ref={panel}
        id={id}
        popover="auto"
        onBeforeToggle={place}
        style={{ width: WIDTH, inset: "auto" }}
        className="fixed overflow-y-auto rounded-card border border-line bg-surface p-2 text-text shadow-float"
        data-testid="show-menu"
      >
        <legend className="sr-only">{t("show.legend")}</legend>
        {shows.map((name) => (
          <label key={name} className="flex gap-3 rounded-lg p-2 hover:bg-hover">
            <input
              type="checkbox"
              className="mt-0.5 size-5 shrink-0 accent-accent"
              data-testid={`show-${name}`}
              checked={settings[name] && !(name === "attributes" && attributes === false)}
              disabled={name === "attributes" && attributes === false}
              onChange={(event) => settings.change({ [name]: event.target.checked })}
            />
            <span>
              <span className="block text-16">{t(`show.${name}`)}</span>
              <span className="block text-14 text-muted">
                {t(name === "attributes" && attributes === false ? "show.attributes.off" : `show.${name}.note`)}
              </span>
            </span>
          </label>
        ))}
      </fieldset>
    </>
  );
}
