import type { ReactNode } from "react";
import { type Translate, useT } from "../../../i18n";
import { Button } from "../../../shared/ui/Button";
import { Icon } from "../../../shared/ui/Icon";
import { chooseFile, startDemo } from "../actions";
import { browserFamily } from "../browserFamily";
import type { Trouble } from "../sources/source";
import { session } from "../store";

function titleOf(trouble: Trouble, t: Translate): string {
  return trouble.kind === "unreadable" || trouble.kind === "gone"
    ? t(`trouble.${trouble.kind}.title`, { name: trouble.name })
    : t(`trouble.${trouble.kind}.title`);
}

function textOf(trouble: Trouble, t: Translate): string {
  switch (trouble.kind) {
    case "denied":
      return `${t(`trouble.denied.${browserFamily(navigator.userAgent)}`)} ${t("trouble.denied.system")}`;
    case "insecure":
      return t("trouble.insecure.text", { address: `http://localhost:${window.location.port || "80"}` });
    case "other":
      return t("trouble.other.text", { detail: trouble.detail });
    default:
      return t(`trouble.${trouble.kind}.text`);
  }
}

interface Props {
  readonly trouble: Trouble;
  retry(): void;
}

/** What happened, and the exact way out. */
export function TroubleScreen({ trouble, retry }: Props) {
  const t = useT();
  const file = trouble.kind === "unreadable";
  return (
    <Notice title={titleOf(trouble, t)} text={textOf(trouble, t)} testid={`trouble-${trouble.kind}`}>
      {!file && trouble.kind !== "insecure" && (
        <Button look="main" icon="reset" data-testid="retry" onClick={retry}>
          {t("action.retry")}
        </Button>
      )}
      <Button icon="file" onClick={chooseFile}>
        {t("welcome.file")}
      </Button>
      {trouble.kind !== "demo" && (
        <Button icon="demo" onClick={() => void startDemo()}>
          {t("welcome.demo")}
        </Button>
      )}
      <Button look="quiet" onClick={() => session.stop()}>
        {t("action.back")}
      </Button>
    </Notice>
  );
}

interface NoticeProps {
  readonly title: string;
  readonly text: string;
  readonly testid: string;
  readonly children?: ReactNode;
}

export function Notice({ title, text, testid, children }: NoticeProps) {
  return (
    <div className="m-auto max-w-2xl p-4 sm:p-8" role="alert" data-testid={testid}>
      <h1 className="mb-2 flex items-center gap-3 text-20 font-semibold">
        <span className="text-warn">
          <Icon name="warning" size={24} />
        </span>
        {title}
      </h1>
      <p className="mb-5 text-14 text-muted sm:text-16">{text}</p>
      <div className="flex flex-wrap gap-2">{children}</div>
    </div>
  );
}
