/** The photos of this tab: the files, and what the server said of them. Lives on while other pages are shown. */

import { create } from "zustand";
import { useAttributesAllowed } from "../../shared/attributes";
import { useSettings } from "../../shared/settings";
import { type Analysis, analyze } from "./engine/api";
import { sendable } from "./engine/pictures";
import type { Outcome } from "./engine/table";
import { Turns } from "./engine/turns";

export type Reading =
  | { readonly state: "waiting" | "reading" }
  | { readonly state: "done"; readonly analysis: Analysis }
  | { readonly state: "failed"; readonly error: unknown };

export interface Photo {
  readonly key: number;
  readonly name: string;
  readonly file: File;
  /** Of the file, for this page alone. */
  readonly address: string;
  readonly reading: Reading;
}

interface State {
  readonly photos: readonly Photo[];
  /** The one that is looked at closely. */
  readonly open: number | null;
  /** Whether the heat maps are shown. */
  readonly heat: boolean;
}

export const usePhotos = create<State>()(() => ({ photos: [], open: null, heat: false }));

/** One is being sent while another is being read. */
const turns = new Turns(2);
const requests = new Map<number, AbortController>();
let nextKey = 1;

export function add(files: readonly File[]): void {
  const added = files.map((file): Photo => {
    const key = nextKey++;
    return { key, name: file.name, file, address: URL.createObjectURL(file), reading: { state: "waiting" } };
  });
  usePhotos.setState(({ photos }) => ({ photos: [...photos, ...added] }));
  for (const photo of added) turns.add(() => read(photo));
}

/** Try again what failed. */
export function retry(photo: Photo): void {
  change(photo.key, { state: "waiting" });
  turns.add(() => read(photo));
}

export function remove(key: number): void {
  forget((photo) => photo.key === key);
}

export function removeAll(): void {
  forget(() => true);
}

export function open(key: number | null): void {
  usePhotos.setState({ open: key });
}

/** Ask for age and gender or not; photos that were read already are read anew for them. */
export function wantAttributes(on: boolean): void {
  useSettings.getState().change({ attributes: on });
  if (!on) return;
  for (const photo of usePhotos.getState().photos) if (photo.reading.state === "done") retry(photo);
}

export function showHeat(heat: boolean): void {
  usePhotos.setState({ heat });
}

/** What there is to take away: pictures that wait are left out. */
export function outcomesOf(photos: readonly Photo[]): Outcome[] {
  return photos.flatMap(({ name, reading }): Outcome[] => {
    if (reading.state === "done") return [{ name, analysis: reading.analysis }];
    return reading.state === "failed"
      ? [{ name, error: String(reading.error instanceof Error ? reading.error.message : reading.error) }]
      : [];
  });
}

async function read({ key, file, name }: Photo): Promise<void> {
  const there = usePhotos.getState().photos.some((photo) => photo.key === key);
  if (!there) return;
  const request = new AbortController();
  requests.set(key, request);
  change(key, { state: "reading" });
  try {
    const attributes = useSettings.getState().attributes && useAttributesAllowed.getState().allowed;
    const analysis = await analyze(await sendable(file), name, request.signal, attributes);
    change(key, { state: "done", analysis });
  } catch (error) {
    // One that was removed meanwhile is not there to be changed.
    change(key, { state: "failed", error });
  } finally {
    requests.delete(key);
  }
}

function change(key: number, reading: Reading): void {
  usePhotos.setState(({ photos }) => ({
    photos: photos.map((photo) => (photo.key === key ? { ...photo, reading } : photo)),
  }));
}

function forget(which: (photo: Photo) => boolean): void {
  const { photos, open: opened } = usePhotos.getState();
  for (const photo of photos.filter(which)) {
    requests.get(photo.key)?.abort();
    URL.revokeObjectURL(photo.address);
  }
  const kept = photos.filter((photo) => !which(photo));
  usePhotos.setState({ photos: kept, open: kept.some(({ key }) => key === opened) ? opened : null });
}
