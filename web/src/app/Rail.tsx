import type { MouseEvent, ReactNode } from "react";
import { useT } from "../i18n";
import { Icon, type IconName } from "../shared/ui/Icon";
import { go, type Page, pages, pathOf } from "./router";

interface Props {
  readonly page: Page;
  onSettings(): void;
  onHelp(): void;
}

const icons: Readonly<Record<Page, IconName>> = {
  live: "live",
  cameras: "camera",
  videos: "videos",
  photos: "file",
  sessions: "sessions",
  about: "about",
};

const item =
  "flex min-h-14 flex-1 flex-col sm:flex-none items-center justify-center gap-1 rounded-card px-1 py-2 text-14 font-medium transition-colors";

/** The pages, beside the page on desktops and below it on phones. */
export function Rail({ page, onSettings, onHelp }: Props) {
  const t = useT();
  return (
    <div className="rail flex items-stretch justify-around border-line bg-surface p-1 max-sm:border-t max-sm:pb-[max(4px,env(safe-area-inset-bottom))] sm:flex-col sm:justify-start sm:border-r sm:p-2">
      <nav aria-label={t("nav.label")} className="contents">
        {pages.map((each) => (
          <PageLink key={each} page={each} current={each === page}>
            <Icon name={icons[each]} size={24} />
            {t(`nav.${each}`)}
          </PageLink>
        ))}
      </nav>
      <button type="button" onClick={onSettings} className={`${item} text-muted hover:bg-hover sm:mt-auto`}>
        <Icon name="settings" size={24} />
        {t("nav.settings")}
      </button>
      <button type="button" onClick={onHelp} className={`${item} text-muted hover:bg-hover max-sm:hidden`}>
        <Icon name="help" size={24} />
        {t("nav.help")}
      </button>
    </div>
  );
}

interface LinkProps {
  readonly page: Page;
  readonly current: boolean;
  readonly children: ReactNode;
}

/** On phones there is room for six: About is reached from the settings there. */
function PageLink({ page, current, children }: LinkProps) {
  const onClick = (event: MouseEvent) => {
    // A click with a modifier opens a tab, which is the browser's business.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(page);
  };
  return (
    <a
      href={pathOf(page)}
      onClick={onClick}
      aria-current={current ? "page" : undefined}
      className={`${item} ${page === "about" ? "max-sm:hidden" : ""} ${current ? "bg-ground text-link" : "text-muted hover:bg-hover"}`}
    >
      {children}
    </a>
  );
}
