/** What the page asks of the server. */

import { ask, refusalOf } from "../../../shared/answers";
import type { components } from "../../../shared/api";

export type Video = components["schemas"]["VideoStatus"];
export type VideoList = components["schemas"]["VideoList"];
export type Course = components["schemas"]["VideoTimeline"];
export type Person = components["schemas"]["PersonCourse"];
export type Face = components["schemas"]["Face"];

/** A frame's line of the results. */
export interface FrameLine {
  readonly frame: number;
  readonly time: number;
  readonly width: number;
  readonly height: number;
  readonly faces: readonly Face[];
}

export const BASE = "/api/v1/videos";

export async function list(): Promise<VideoList> {
  return (await ask(BASE)).json();
}

export async function remove(id: string): Promise<void> {
  await ask(`${BASE}/${id}`, { method: "DELETE" });
}

export async function cancel(id: string): Promise<void> {
  await ask(`${BASE}/${id}/cancel`, { method: "POST" });
}

export async function annotate(id: string): Promise<void> {
  await ask(`${BASE}/${id}/annotated`, { method: "POST" });
}

export async function course(id: string, from: number, to: number, points: number): Promise<Course> {
  return (await ask(`${BASE}/${id}/results?from=${from}&to=${to}&points=${points}`)).json();
}

export async function frames(id: string, from: number, to: number): Promise<FrameLine[]> {
  const text = await (await ask(`${BASE}/${id}/results?from=${from}&to=${to}`)).text();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): FrameLine => JSON.parse(line));
}

export function uploadPath(name: string, attributes: boolean): string {
  return `${BASE}?name=${encodeURIComponent(name)}${attributes ? "&attributes=age,gender" : ""}`;
}

/** The connection broke off. */
export class LostError extends Error {
  override readonly name = "LostError";
}

/**
 * Send a file as it is; fails with a Refusal or a LostError.
 *
 * @param attributes whether age and gender are estimated
 * @param onProgress gets the share that was sent, 0–1
 */
export function upload(
  file: File,
  attributes: boolean,
  onProgress: (share: number) => void,
): { readonly done: Promise<Video>; abort(): void } {
  const request = new XMLHttpRequest();
  const done = new Promise<Video>((resolve, reject) => {
    request.upload.addEventListener("progress", (event) =>
      onProgress(event.total > 0 ? event.loaded / event.total : 0),
    );
    request.addEventListener("load", () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText));
      else reject(refusalOf(request.status, request.responseText));
    });
    request.addEventListener("error", () => reject(new LostError("the connection was lost")));
    request.addEventListener("abort", () => reject(new LostError("it was cancelled")));
    request.open("POST", uploadPath(file.name, attributes));
    request.setRequestHeader("content-type", "application/octet-stream");
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}
