import { Component, type ReactNode } from "react";
import { resolveLanguage, translator } from "../i18n";
import { useSettings } from "../shared/settings";
import { Button } from "../shared/ui/Button";

interface State {
  readonly error: Error | null;
}

/** What is shown when the page itself fails: what happened and how to go on, instead of nothing. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const t = translator(resolveLanguage(useSettings.getState().language, navigator.languages));
    return (
      <main className="grid h-dvh place-content-center gap-4 p-8" role="alert">
        <h1 className="text-20 font-semibold">{t("error.title")}</h1>
        <p className="max-w-prose text-muted">{t("error.text", { detail: error.message })}</p>
        <div>
          <Button look="main" onClick={() => window.location.reload()}>
            {t("error.reload")}
          </Button>
        </div>
      </main>
    );
  }
}
