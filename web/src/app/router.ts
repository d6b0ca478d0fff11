/** The addresses of the app. The server answers each of them with the same page. */

import { useSyncExternalStore } from "react";

export const pages = ["live", "about"] as const;
export type Page = (typeof pages)[number];

export function pathOf(page: Page): string {
  return `/${page}`;
}

/** The page of an address; unknown ones lead to Live. */
export function pageOf(path: string): Page {
  const first = path.split("/").find((part) => part !== "");
  return pages.find((page) => page === first) ?? "live";
}

const CHANGED = "mien:address";

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(CHANGED, listener);
  };
}

export function usePage(): Page {
  return useSyncExternalStore(subscribe, () => pageOf(window.location.pathname));
}

export function go(page: Page): void {
  if (window.location.pathname !== pathOf(page)) window.history.pushState(null, "", pathOf(page));
  window.dispatchEvent(new Event(CHANGED));
}
