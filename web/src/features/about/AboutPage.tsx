import type { ReactNode } from "react";
import { useT } from "../../i18n";
import { emotions } from "../../shared/emotions";
import { remoteHost } from "../../shared/host";

/** What it does, what becomes of pictures, and what it cannot do. */
export function AboutPage() {
  const t = useT();
  const host = remoteHost(window.location.hostname);
  const names = emotions.map((emotion) => t(`emotion.${emotion}`)).join(", ");
  return (
    <div className="h-full overflow-y-auto">
      <article className="mx-auto max-w-2xl px-4 py-8 sm:px-8 sm:py-12" data-testid="about">
        <h1 className="mb-3 text-28 font-semibold">{t("about.title")}</h1>
        <p className="mb-8 text-20 text-muted">{t("about.lead")}</p>
        <Part title={t("about.does.title")}>
          <li>{t("about.does.1", { emotions: names })}</li>
          <li>{t("about.does.2")}</li>
          <li>{t("about.does.3")}</li>
        </Part>
        <Part title={t("about.limits.title")}>
          <li>{t("about.limits.1")}</li>
          <li>{t("about.limits.2")}</li>
          <li>{t("about.limits.3")}</li>
        </Part>
        <Part title={t("about.privacy.title")}>
          <li>{host === null ? t("about.privacy.here") : t("about.privacy.server", { host })}</li>
          <li>{t("about.privacy.1")}</li>
          <li>{t("about.privacy.2")}</li>
          <li>{t("about.privacy.3")}</li>
        </Part>
        <Part title={t("about.licence.title")}>
          <li>{t("about.licence.1")}</li>
          <li>{t("about.licence.2")}</li>
          <li>
            <a className="text-link underline underline-offset-2" href="/docs">
              {t("about.api")}
            </a>
          </li>
        </Part>
      </article>
    </div>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="mb-8">
      <h2 className="mb-2 text-20 font-semibold">{title}</h2>
      <ul className="ml-5 grid list-disc gap-2 text-16">{children}</ul>
    </section>
  );
}
