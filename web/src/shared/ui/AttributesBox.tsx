import { useT } from "../../i18n";

interface Props {
  readonly testid: string;
  readonly checked: boolean;
  onChange(checked: boolean): void;
}

/** Asks for age and gender, with what there is to know of them. Only where the server allows them. */
export function AttributesBox({ testid, checked, onChange }: Props) {
  const t = useT();
  return (
    <label className="flex max-w-lg gap-3 text-left">
      <input
        type="checkbox"
        className="mt-0.5 size-5 shrink-0 accent-accent"
        data-testid={testid}
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>
        <span className="block text-16">{t("show.attributes")}</span>
        <span className="block text-14 text-muted">{t("show.attributes.note")}</span>
      </span>
    </label>
  );
}
