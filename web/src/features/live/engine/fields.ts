/** Reads JSON that somebody else wrote: every value is checked before it is used. */

/** The server said something that the protocol does not know. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

export type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown, what: string): Fields {
  if (!isFields(value)) throw new ProtocolError(`${what} is not an object`);
  return value;
}

export function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ProtocolError(`${what} is not a list`);
  return value;
}

export function numberOf(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new ProtocolError(`${what} is not a number`);
  return value;
}

/** A number that may be unknown (null) or not computed (absent). */
export function knownNumberOf(value: unknown, what: string): number | null {
  return value === undefined || value === null ? null : numberOf(value, what);
}

export function textOf(value: unknown, what: string): string {
  if (typeof value !== "string") throw new ProtocolError(`${what} is not a text`);
  return value;
}

/** One of a few words; null when it is absent, or a word that this version does not know. */
export function wordOf<Word extends string>(value: unknown, words: readonly Word[]): Word | null {
  return words.find((word) => word === value) ?? null;
}
