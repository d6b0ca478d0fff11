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

/** One thing of a page's many, and a moment in it, in seconds. */
export interface Place {
  readonly id: string | null;
  readonly time: number | null;
}

/** Read and write addresses `/PAGE/ID?t=12.4`; `id` is what an id looks like, times are written with `digits`. */
export function placesOf(page: string, id: RegExp, digits: number) {
  const known = new RegExp(`^/${page}/(${id.source})/?$`);
  return {
    placeOf(path: string, search: string): Place {
      const found = known.exec(path)?.[1] ?? null;
      const given = new URLSearchParams(search).get("t");
      const time = given === null || given === "" ? Number.NaN : Number(given);
      return { id: found, time: found !== null && Number.isFinite(time) && time >= 0 ? time : null };
    },
    pathOf(id: string, time: number | null = null): string {
      const path = `/${page}/${id}`;
      return time === null ? path : `${path}?t=${Number(time.toFixed(digits))}`;
    },
  };
}
