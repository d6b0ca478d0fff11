/** Which browser this is, so that the way out of a blocked camera can be told exactly. */

export type BrowserFamily = "chromium" | "firefox" | "safari" | "ios" | "other";

export function browserFamily(agent: string): BrowserFamily {
  if (/iPhone|iPad|iPod/.test(agent)) return "ios";
  if (/Firefox\//.test(agent)) return "firefox";
  if (/Chrome\/|Chromium\/|Edg\//.test(agent)) return "chromium";
  if (/Safari\//.test(agent)) return "safari";
  return "other";
}
