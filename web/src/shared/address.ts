/** The address of the page, which the app changes by itself. */

const CHANGED = "mien:address";

/** Call `listener` whenever the address changes, by whomever. @returns what ends that */
export function onAddress(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(CHANGED, listener);
  };
}

/** Go to an address of the app. */
export function navigate(path: string): void {
  if (window.location.pathname + window.location.search !== path) window.history.pushState(null, "", path);
  window.dispatchEvent(new Event(CHANGED));
}

/** Write an address over the present one, without a step for the back button and without telling anybody. */
export function rewrite(path: string): void {
  window.history.replaceState(window.history.state, "", path);
}
