import type { ComponentProps } from "react";
import { Icon, type IconName } from "./Icon";

interface Props extends ComponentProps<"button"> {
  readonly icon?: IconName;
  /** `quiet` in tool bars, `plain` elsewhere, `main` for the one thing to do next. */
  readonly look?: "main" | "plain" | "quiet";
  /** Show the icon alone, in a narrow container or always; the words stay as the button's name. */
  readonly compact?: boolean | "always";
}

const looks = {
  main: "bg-accent text-white hover:bg-accent-strong border-transparent",
  plain: "bg-surface text-text border-line hover:border-muted",
  quiet: "bg-transparent text-text border-transparent hover:bg-hover",
} as const;

const paddings: Readonly<Record<string, string>> = {
  false: "px-3",
  true: "px-2.5 @min-[80rem]:px-3",
  always: "px-2.5",
};

export function Button({ icon, look = "plain", compact = false, className = "", children, ...rest }: Props) {
  return (
    <button
      type="button"
      className={`inline-flex h-10 items-center justify-center gap-2 rounded-card border ${paddings[String(compact)]} text-14 font-medium whitespace-nowrap transition-colors disabled:pointer-events-none disabled:opacity-40 ${looks[look]} ${className}`}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {compact ? (
        <span className={compact === "always" ? "sr-only" : "@max-[80rem]:sr-only"}>{children}</span>
      ) : (
        children
      )}
    </button>
  );
}
