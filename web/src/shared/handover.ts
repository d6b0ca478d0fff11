/** Files that one page passes on to another: photos opened on Live are shown on Photos. */

import { navigate } from "./address";

let waiting: readonly File[] = [];

/** Whether a file is a photo, as far as its name and its type tell. */
export function isPhoto({ type, name }: Pick<File, "type" | "name">): boolean {
  return type === "" ? /\.(jpe?g|png|webp|gif|bmp|avif|heic)$/i.test(name) : type.startsWith("image/");
}

/** Open photos on the page that is for them. */
export function showPhotos(files: readonly File[]): void {
  waiting = [...waiting, ...files];
  navigate("/photos");
}

/** The files that wait; whoever takes them has them alone. */
export function takePhotos(): readonly File[] {
  const taken = waiting;
  waiting = [];
  return taken;
}
