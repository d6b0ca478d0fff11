import { useEffect } from "react";
import { useSettings } from "./settings";

/** Put the chosen colours on the page; without a choice the style sheet follows the device. */
export function useTheme(): void {
  const theme = useSettings((state) => state.theme);
  useEffect(() => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
}
