/** Asking the server, and what it says when it refuses. */

/** Why the server refused: a code that stays the same, "" where there is none, and its own words. */
export interface Refused {
  readonly code: string;
  readonly message: string;
}

/** The server refused. */
export class Refusal extends Error implements Refused {
  override readonly name = "Refusal";

  constructor(
    readonly status: number,
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

/** Read an answer that is no success: the server's own words for what went wrong, or the status alone. */
export function refusalOf(status: number, body: string): Refusal {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && "error" in value) {
      const { code, message } = value.error as { code?: unknown; message?: unknown };
      if (typeof message === "string") return new Refusal(status, message, typeof code === "string" ? code : "");
    }
  } catch {
    // A proxy's page, perhaps: the status says as much.
  }
  return new Refusal(status, `HTTP ${status}`, "");
}

/** @throws Refusal when the answer is no success */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, init);
  if (!response.ok) throw refusalOf(response.status, await response.text());
  return response;
}
