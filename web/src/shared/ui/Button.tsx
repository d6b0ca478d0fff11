import type { ComponentProps } from "react";
import { Icon, type IconName } from "./Icon";

interface Props extends ComponentProps<"button"> {
  readonly icon?: IconName;
  /** `quiet` in tool bars, `plain` elsewhere, `main` for the one thing to do next. */
  readonly look?: "main" | "plain" | "quiet";
  /** In a narrow container show the icon alone; the words stay as the button's name. */
  readonly compact?: boolean;
}

const looks = {
  main: "bg-accent text-white hover:bg-accent-strong border-transparent",
  plain: "bg-surface text-text border-line hover:border-muted",
  quiet: "bg-transparent text-text border-transparent hover:bg-hover",
} as const;

export function Button({ icon, look = "plain", compact = false, className = "", children, ...rest }: Props) {
  return (
    <button
      type="button"
      className={`inline-flex h-10 items-center justify-center gap-2 rounded-card border ${compact ? "px-2.5 @min-[80rem]:px-3" : "px-3"} text-14 font-medium whitespace-nowrap transition-colors disabled:pointer-events-none disabled:opacity-40 ${looks[look]} ${className}`}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {compact ? <span className="@max-[80rem]:sr-only">{children}</span> : children}
    </button>
  );
}
