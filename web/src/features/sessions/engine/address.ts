/** `/sessions/ID?t=12.4`: which recording, and where in it; `/sessions/compare?a=ID&b=ID&pa=1`: which two, and who. */

import { placesOf } from "../../../shared/address";

const places = placesOf("sessions", /[0-9A-Za-z_-]{1,64}/, 1);
const COMPARE = "/sessions/compare";
const ID = /^[0-9A-Za-z_-]{1,64}$/;

export const { placeOf, pathOf } = places;

/** One of two recordings: null where none is chosen yet, and a person of it, null for everybody. */
export interface Side {
  readonly id: string | null;
  readonly person: number | null;
}

export type Sides = readonly [a: Side, b: Side];

/** The two of an address; null when it is not that of a comparison. */
export function sidesOf(path: string, search: string): Sides | null {
  if (path.replace(/\/$/, "") !== COMPARE) return null;
  const given = new URLSearchParams(search);
  const side = (name: string): Side => {
    const id = given.get(name) ?? "";
    const person = Number(given.get(`p${name}`) ?? "");
    return { id: ID.test(id) ? id : null, person: Number.isInteger(person) && person > 0 ? person : null };
  };
  return [side("a"), side("b")];
}

export function pathOfSides([a, b]: Sides): string {
  const values = new URLSearchParams();
  for (const [name, { id, person }] of [["a", a] as const, ["b", b] as const]) {
    if (id !== null) values.set(name, id);
    if (id !== null && person !== null) values.set(`p${name}`, String(person));
  }
  return values.size === 0 ? COMPARE : `${COMPARE}?${values}`;
}
