/** The addresses of the app. The server answers each of them with the same page. */

import { useSyncExternalStore } from "react";
import { navigate, onAddress } from "../shared/address";

export const pages = ["live", "cameras", "videos", "photos", "sessions", "about"] as const;
export type Page = (typeof pages)[number];

export function pathOf(page: Page): string {
  return `/${page}`;
}

/** The page of an address; unknown ones lead to Live. */
export function pageOf(path: string): Page {
  const first = path.split("/").find((part) => part !== "");
  return pages.find((page) => page === first) ?? "live";
}

export function usePage(): Page {
  return useSyncExternalStore(onAddress, () => pageOf(window.location.pathname));
}

export function go(page: Page): void {
  navigate(pathOf(page));
}
