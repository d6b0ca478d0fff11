/** The videos the server keeps and the files under way to it; lives on while other pages are shown. */

import { create } from "zustand";
import * as api from "./engine/api";

export interface Upload {
  readonly key: number;
  readonly name: string;
  readonly share: number;
  /** What went wrong; null while all is well. */
  readonly failure: unknown;
  abort(): void;
}

interface State {
  /** null until the server has told. */
  readonly videos: readonly api.Video[] | null;
  readonly keepDays: number;
  /** Whether the server allows age and gender. */
  readonly attributes: boolean;
  /** What went wrong last; null when nothing did. */
  readonly failure: unknown;
  readonly uploads: readonly Upload[];
}

export const useVideos = create<State>()(() => ({
  videos: null,
  keepDays: 0,
  attributes: false,
  failure: null,
  uploads: [],
}));

let source: EventSource | null = null;
let nextKey = 1;

/** Be told of every change, until what is returned is called. */
export function follow(): () => void {
  void refresh();
  source = new EventSource(`${api.BASE}/events`);
  source.addEventListener("video", (event) => put(JSON.parse(event.data)));
  source.addEventListener("removed", (event) => drop(JSON.parse(event.data).id));
  // The browser connects again by itself; what happened meanwhile is asked for.
  source.addEventListener("open", () => void refresh());
  return () => {
    source?.close();
    source = null;
  };
}

export async function refresh(): Promise<void> {
  try {
    const found = await api.list();
    const { videos, keep_days: keepDays, attributes } = found;
    useVideos.setState({ videos, keepDays, attributes: attributes.length > 0, failure: null });
  } catch (error) {
    useVideos.setState({ failure: error });
  }
}

/** Send files, one after the other: together none would be there sooner. @param attributes with age and gender */
export async function send(files: readonly File[], attributes: boolean): Promise<void> {
  for (const file of files) {
    const key = nextKey++;
    const { done, abort } = api.upload(file, attributes, (share) => change(key, { share }));
    useVideos.setState(({ uploads }) => ({
      uploads: [...uploads, { key, name: file.name, share: 0, failure: null, abort }],
    }));
    try {
      put(await done);
      dismiss(key);
    } catch (error) {
      change(key, { failure: error });
    }
  }
}

export function dismiss(key: number): void {
  useVideos.setState(({ uploads }) => ({ uploads: uploads.filter((each) => each.key !== key) }));
}

/** Do something to a video; what goes wrong is shown above the list. */
export async function act(action: (id: string) => Promise<void>, id: string): Promise<void> {
  try {
    await action(id);
  } catch (error) {
    useVideos.setState({ failure: error });
  }
}

function change(key: number, values: Partial<Upload>): void {
  useVideos.setState(({ uploads }) => ({
    uploads: uploads.map((each) => (each.key === key ? { ...each, ...values } : each)),
  }));
}

function put(video: api.Video): void {
  useVideos.setState(({ videos }) => {
    const others = (videos ?? []).filter(({ id }) => id !== video.id);
    return { videos: [...others, video].sort((a, b) => b.created - a.created) };
  });
}

function drop(id: string): void {
  useVideos.setState(({ videos }) => ({ videos: (videos ?? []).filter((video) => video.id !== id) }));
}
