import { useT } from "../i18n";
import { Dialog } from "../shared/ui/Dialog";

interface Props {
  readonly open: boolean;
  onClose(): void;
}

export function HelpDialog({ open, onClose }: Props) {
  const t = useT();
  const keys = [
    [t("help.space"), t("help.pause")],
    ["R", t("help.record")],
    ["M", t("help.marker")],
    ["P", t("help.recordPause")],
    ["F", t("help.fullscreen")],
    ["← →", t("help.seek")],
    [", .", t("help.step")],
    ["?", t("help.help")],
  ] as const;
  return (
    <Dialog title={t("help.title")} open={open} onClose={onClose}>
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-3 text-16" data-testid="help">
        {keys.map(([key, does]) => (
          <div key={key} className="contents">
            <dt>
              <kbd className="inline-block min-w-9 rounded-md border border-line bg-ground px-2 py-1 text-center font-sans text-14 font-semibold">
                {key}
              </kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
