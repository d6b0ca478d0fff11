/** `/sessions/ID?t=12.4`: which recording, and where in it. */

const ID = /^\/sessions\/([0-9A-Za-z_-]{1,64})\/?$/;

export interface Place {
  readonly id: string | null;
  readonly time: number | null;
}

export function placeOf(path: string, search: string): Place {
  const id = ID.exec(path)?.[1] ?? null;
  const given = new URLSearchParams(search).get("t");
  const time = given === null || given === "" ? Number.NaN : Number(given);
  return { id, time: id !== null && Number.isFinite(time) && time >= 0 ? time : null };
}

export function pathOf(id: string, time: number | null = null): string {
  return time === null ? `/sessions/${id}` : `/sessions/${id}?t=${Math.round(time * 10) / 10}`;
}
