import type { messages } from "./languages/en";

/** The English texts are the reference: every other language has the same keys. */
export type Key = keyof typeof messages;

export type Messages = Readonly<Record<Key, string>>;

/** What a file in `languages/` exports as its default. */
export interface Language {
  readonly code: string;
  readonly name: string;
  readonly messages: Messages;
}

/** The names of the `{placeholders}` in a text. */
type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

type Values<K extends Key> = Placeholders<(typeof messages)[K]>;

/** Nothing for a text without placeholders, otherwise one value for each of them. */
export type Arguments<K extends Key> = [Values<K>] extends [never] ? [] : [values: Record<Values<K>, string | number>];

export type Translate = <K extends Key>(key: K, ...values: Arguments<K>) => string;
