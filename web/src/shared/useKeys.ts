import { useEffect, useRef } from "react";

/** Elements where every key is theirs. */
const TYPING = "input, select, textarea, dialog[open]";
/** Elements that the space bar presses. */
const PRESSED_BY_SPACE = "button, a, summary";

/** Do something on a key, unless the focus is on something that uses that key itself. */
export function useKeys(actions: Readonly<Record<string, (event: KeyboardEvent) => void>>): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const action = latest.current[event.key.toLowerCase()];
      const target = event.target instanceof Element ? event.target : null;
      if (action === undefined || target?.closest(TYPING)) return;
      if (event.key === " " && target?.closest(PRESSED_BY_SPACE)) return;
      event.preventDefault();
      action(event);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
