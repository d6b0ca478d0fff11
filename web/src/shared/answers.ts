/** Asking the server, and what it says when it refuses. */

/** The server's own words for what went wrong, or the status alone. */
export function messageOf(status: number, body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && "error" in value) {
      const { error } = value as { error: { message?: unknown } };
      if (typeof error.message === "string") return error.message;
    }
  } catch {
    // A proxy's page, perhaps: the status says as much.
  }
  return `HTTP ${status}`;
}

/** The server refused, in its own words. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** @throws Refusal when the answer is no success */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, init);
  if (!response.ok) throw new Refusal(response.status, messageOf(response.status, await response.text()));
  return response;
}
