/** Numbers as people read them. */

/** Making a formatter costs more than using it a thousand times. */
const percentFormats = new Map<string, Intl.NumberFormat>();

/** A probability as a whole percentage in the language's own notation: "93%", "93 %". */
export function percent(value: number, language: string): string {
  let format = percentFormats.get(language);
  if (format === undefined) {
    format = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
    percentFormats.set(language, format);
  }
  return format.format(value);
}

/** A time in a recording: 12.4 → "0:12.4", 3725 → "1:02:05.0". */
export function clock(seconds: number): string {
  const tenths = Math.max(0, Math.floor(seconds * 10 + 1e-6));
  const s = Math.floor(tenths / 10) % 60;
  const m = Math.floor(tenths / 600) % 60;
  const h = Math.floor(tenths / 36000);
  const tail = `${String(s).padStart(2, "0")}.${tenths % 10}`;
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

export function capitalized(word: string, language: string): string {
  return word.charAt(0).toLocaleUpperCase(language) + word.slice(1);
}
