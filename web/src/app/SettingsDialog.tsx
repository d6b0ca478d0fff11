import { languages, useT } from "../i18n";
import { themes, useSettings } from "../shared/settings";
import { Dialog } from "../shared/ui/Dialog";
import { go, pathOf } from "./router";

interface Props {
  readonly open: boolean;
  onClose(): void;
}

const field = "h-10 w-full rounded-card border border-line bg-ground px-3 text-16";

export function SettingsDialog({ open, onClose }: Props) {
  const t = useT();
  const { language, theme, mirrored, change } = useSettings();
  return (
    <Dialog title={t("settings.title")} open={open} onClose={onClose}>
      <div className="grid gap-4 text-14" data-testid="settings">
        <label className="grid gap-1">
          <span className="text-muted">{t("settings.language")}</span>
          <select
            className={field}
            value={language}
            data-testid="language"
            onChange={(event) => change({ language: event.target.value })}
          >
            <option value="auto">{t("settings.auto")}</option>
            {languages.map(({ code, name }) => (
              <option key={code} value={code}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label className="grid gap-1">
          <span className="text-muted">{t("settings.theme")}</span>
          <select
            className={field}
            value={theme}
            data-testid="theme"
            onChange={(event) => change({ theme: themes.find((each) => each === event.target.value) ?? "auto" })}
          >
            {themes.map((each) => (
              <option key={each} value={each}>
                {t(`settings.theme.${each}`)}
              </option>
            ))}
          </select>
        </label>
        <label className="flex gap-3">
          <input
            type="checkbox"
            className="mt-0.5 size-5 shrink-0 accent-accent"
            checked={mirrored}
            onChange={(event) => change({ mirrored: event.target.checked })}
          />
          <span>
            <span className="block text-16">{t("settings.mirrored")}</span>
            <span className="text-muted">{t("settings.mirrored.note")}</span>
          </span>
        </label>
        <a
          href={pathOf("about")}
          className="flex min-h-10 items-center text-16 text-link hover:underline sm:hidden"
          onClick={(event) => {
            event.preventDefault();
            onClose();
            go("about");
          }}
        >
          {t("about.title")}
        </a>
      </div>
    </Dialog>
  );
}
