/** A camera of the server's: it is read there, for everybody alike; here its annotated pictures are shown. */

import { resolveLanguage } from "../../../i18n";
import { CAMERAS_PATH } from "../../../shared/cameras";
import { useSettings } from "../../../shared/settings";
import type { Source } from "./source";

export class ServerCamera implements Source {
  readonly kind = "server";
  readonly tape = null;
  readonly deviceId = null;
  readonly facesUser = false;
  readonly element = new Image();

  /** @param name by which the server knows it */
  constructor(readonly name: string) {
    this.element.alt = "";
    this.show();
  }

  /** Begin to show its pictures, anew if they had stopped. */
  show(): void {
    // The server's words are English; for other languages it writes numbers alone, and the words stand beside the picture.
    const language = resolveLanguage(useSettings.getState().language, navigator.languages).code;
    const labels = language === "en" ? "words" : "numbers";
    // Another address each time: a browser would go on with the stream that has ended.
    this.element.src = `${CAMERAS_PATH}/${this.name}/mjpeg?labels=${labels}&at=${Date.now()}`;
  }

  size() {
    return { width: this.element.naturalWidth, height: this.element.naturalHeight };
  }

  onPicture() {
    return () => {};
  }

  onEnd() {}

  pause() {}

  resume() {}

  close() {
    // An address of its own, not none at all: an empty one would leave the stream open.
    this.element.src = "data:,";
    this.element.remove();
  }
}
