/** What the page asks of the server. */

import { refusalOf } from "../../../shared/answers";
import type { components } from "../../../shared/api";
import { BOTH } from "../../../shared/attributes";

export type Analysis = components["schemas"]["Analysis"];
export type Face = components["schemas"]["Face"];

/** With the maps of what spoke for each expression: they cost little, and nobody waits for them later. */
export const PATH = "/api/v1/analyze?explain=true&landmarks=true";
/** The server has its hands full or is still starting: it says when to come again. */
const BUSY = [429, 503];
const MOST_TRIES = 8;
const LONGEST_WAIT = 10;

/** What asking needs of a browser, so that tests can stand in for it. */
export interface Means {
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** Resolves after so many seconds; rejects when the signal is aborted. */
  wait(seconds: number, signal: AbortSignal): Promise<void>;
}

const browser: Means = {
  fetch: (path, init) => fetch(path, init),
  wait: (seconds, signal) =>
    new Promise((done, stop) => {
      const timer = setTimeout(done, 1000 * seconds);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        stop(signal.reason);
      });
    }),
};

/**
 * Have a picture analysed; a server that is busy is asked again.
 *
 * @param attributes whether age and gender are wanted; only where the server allows them
 * @throws Refusal in the server's words
 */
export async function analyze(
  picture: Blob,
  name: string,
  signal: AbortSignal,
  attributes = false,
  means: Means = browser,
): Promise<Analysis> {
  const body = new FormData();
  body.set("file", picture, name);
  for (let tries = 1; ; tries++) {
    const response = await means.fetch(attributes ? `${PATH}&attributes=${BOTH.join(",")}` : PATH, {
      method: "POST",
      body,
      signal,
    });
    if (response.ok) return response.json();
    const { status } = response;
    if (!BUSY.includes(status) || tries === MOST_TRIES) throw refusalOf(status, await response.text());
    await means.wait(secondsOf(response.headers.get("retry-after")), signal);
  }
}

function secondsOf(retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? 1);
  return Number.isFinite(seconds) ? Math.min(LONGEST_WAIT, Math.max(0.2, seconds)) : 1;
}
