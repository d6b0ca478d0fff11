/** What the page asks of the server. */

import { ask } from "../../../shared/answers";
import type { components } from "../../../shared/api";

export type Session = components["schemas"]["ListedSession"];
export type SessionList = components["schemas"]["SessionList"];
export type Detail = components["schemas"]["SessionDetail"];
export type Course = components["schemas"]["Timeline"];
export type Person = components["schemas"]["Lane"];
export type Marker = components["schemas"]["Marker"];

export type Picture = components["schemas"]["Picture"];

export const BASE = "/api/v1/sessions";

export async function list(search: string, limit: number): Promise<SessionList> {
  return (await ask(`${BASE}?${new URLSearchParams({ search, limit: String(limit) })}`)).json();
}

export async function get(id: string): Promise<Detail> {
  return (await ask(`${BASE}/${id}`)).json();
}

/** Lanes that a page draws at most. */
export const MOST_LANES = 24;

/** The course of a part in so many steps; of many people those seen most. */
export async function course(id: string, from: number, to: number | null, points: number): Promise<Course> {
  const end = to === null ? "" : `&to=${to}`;
  return (await ask(`${BASE}/${id}/timeline?from=${from}${end}&points=${points}&people=${MOST_LANES}`)).json();
}

export async function describe(id: string, values: { name?: string; notes?: string }): Promise<Detail> {
  const headers = { "content-type": "application/json" };
  return (await ask(`${BASE}/${id}`, { method: "PATCH", headers, body: JSON.stringify(values) })).json();
}

/** Which pictures are kept of a stretch, evenly picked where there are more. */
export async function pictures(id: string, from: number, to: number, points: number): Promise<Picture[]> {
  const found: components["schemas"]["Pictures"] = await (
    await ask(`${BASE}/${id}/pictures?from=${from}&to=${to}&points=${points}`)
  ).json();
  return found.pictures;
}

export function pictureAddress(id: string, picture: Picture): string {
  return `${BASE}/${id}/pictures/${picture.id}`;
}

async function remove(path: string): Promise<void> {
  await ask(`${BASE}${path}`, { method: "DELETE" });
}

export const removeSession = (id: string): Promise<void> => remove(`/${id}`);
export const removePerson = (id: string, person: number): Promise<void> => remove(`/${id}/people/${person}`);
export const removeMarker = (id: string, marker: number): Promise<void> => remove(`/${id}/markers/${marker}`);
export const removePictures = (id: string): Promise<void> => remove(`/${id}/pictures`);
export const removeAll = (): Promise<void> => remove("?confirm=all");
