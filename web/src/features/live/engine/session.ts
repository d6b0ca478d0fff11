/**
 * One live session: a source, the connection, and what came back. It lives outside React; components read the
 * snapshot, which changes a few times a second, and canvases read `tracks` and `history` at their own pace.
 */

import type { Refused } from "../../../shared/answers";
import { CAMERAS_PATH } from "../../../shared/cameras";
import { emotions } from "../../../shared/emotions";
import type { Obstacle } from "../../../shared/words";
import { openCamera } from "../sources/camera";
import { ServerCamera } from "../sources/server";
import { type Source, SourceError, type SourceKind, type Trouble } from "../sources/source";
import { type Calibration, Calibrator, noCalibration } from "./calibration";
import type { CameraState, SeenByCamera } from "./cameraNews";
import { PausableClock } from "./clock";
import { type Link, StreamConnection } from "./connection";
import { EventLog } from "./events";
import { browserSurroundings, CameraFeed } from "./feed";
import { History } from "./history";
import { noRates, type Rates, StreamMeter } from "./meter";
import { noWishes, type Options, optionsFor, optionsMessage, usual, type Wishes } from "./options";
import type { Result, ServerMessage } from "./protocol";
import { Pump } from "./pump";
import { notRecording, Recorder, type Recording, tabDesk, type Wanted } from "./recording";
import { obstacleOf, type Person, Tracks } from "./tracks";

export type Stage =
  | { readonly phase: "idle" }
  | { readonly phase: "opening"; readonly kind: SourceKind | "file" }
  | { readonly phase: "running"; readonly source: Source }
  | { readonly phase: "failed"; readonly trouble: Trouble; readonly retry: () => void };

export interface Snapshot {
  readonly stage: Stage;
  readonly link: Link;
  /** How the server's camera is that is watched; null while none is. */
  readonly camera: CameraState | null;
  readonly paused: boolean;
  readonly people: readonly Person[];
  /** The person whose course is drawn. */
  readonly selected: number | null;
  /** Whether pictures are read and none has had a face for a while. */
  readonly noFace: boolean;
  /** Why nobody in the picture can be read well for a while; null when somebody can. */
  readonly obstacle: Obstacle | null;
  readonly rates: Rates;
  readonly busy: boolean;
  readonly calibration: Calibration;
  /** Whether the server allows age and gender; null while it has not said so. */
  readonly attributes: boolean | null;
  /** Why the server refused the last picture, if it did. */
  readonly refused: Refused | null;
  readonly recording: Recording;
}

export const initial: Snapshot = {
  stage: { phase: "idle" },
  link: "off",
  camera: null,
  paused: false,
  people: [],
  selected: null,
  noFace: false,
  obstacle: null,
  rates: noRates,
  busy: false,
  calibration: noCalibration,
  attributes: null,
  refused: null,
  recording: notRecording,
};

const REFRESH_MS = 120;
const NO_FACE_AFTER_MS = 1000;
const OBSTACLE_AFTER_MS = 800;

export class LiveSession {
  readonly tracks = new Tracks();
  readonly history = new History();
  readonly events = new EventLog();
  readonly clock = new PausableClock();
  readonly #meter = new StreamMeter(performance.now());
  readonly #connection = new StreamConnection({
    onLink: (link) => this.#onLink(link),
    onMessage: (message) => this.#onMessage(message),
  });
  readonly #pump = new Pump(this.#connection, this.#meter);
  readonly #calibrator = new Calibrator();
  readonly #recorder = new Recorder(tabDesk((message) => this.#connection.send(message)));
  readonly #listeners = new Set<() => void>();
  #snapshot: Snapshot = { ...initial, recording: this.#recorder.state };
  #timer: number | null = null;
  #opening = 0;
  #feed: CameraFeed | null = null;
  #chosen: number | null = null;
  /** Whether the user chose that person; otherwise whoever is in the picture is taken. */
  #pinned = false;
  #lastFaceAt = 0;
  #lastResultAt: number | null = null;
  #serverDropped = 0;
  #wishes = noWishes;
  /** What the server knows of the wishes. */
  #told: Options = usual;
  #obstacle: { readonly name: Obstacle; readonly since: number } | null = null;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Snapshot => this.#snapshot;

  /** Open a source and go live with it; a source that runs already is closed first. */
  async open(kind: SourceKind | "file", opener: () => Promise<Source>): Promise<void> {
    this.#close();
    const turn = ++this.#opening;
    this.#set({ stage: { phase: "opening", kind }, recording: this.#recorder.state });
    try {
      const source = await opener();
      if (turn === this.#opening) this.#run(source);
      else source.close();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (turn === this.#opening) this.#fail(error.trouble, kind, opener);
    }
  }

  /** Watch a camera of the server's, instead of sending pictures to it. */
  watch(name: string): void {
    this.#opening++;
    this.#close();
    const source = new ServerCamera(name);
    this.#run(source);
    this.#feed = new CameraFeed(
      {
        onLink: (link) => this.#onFeed(source, link),
        onState: (camera) => this.#set({ camera }),
        onResult: (result) => this.#onSeen(result),
        onGone: () => {
          this.#close();
          this.#set({
            ...initial,
            recording: this.#recorder.state,
            stage: { phase: "failed", trouble: { kind: "gone", name }, retry: () => this.watch(name) },
          });
        },
      },
      browserSurroundings(`${CAMERAS_PATH}/${name}`),
    );
    this.#feed.start();
  }

  /** Watch none of the server's cameras any more; another source goes on. */
  unwatch(): void {
    const { stage } = this.#snapshot;
    const watching = stage.phase === "running" && stage.source.kind === "server";
    const gone = stage.phase === "failed" && stage.trouble.kind === "gone";
    if (watching || gone) this.stop();
  }

  /** End the source and the connection, and forget everything seen. */
  stop(): void {
    this.#opening++;
    this.#close();
    this.#set({ ...initial, recording: this.#recorder.state });
  }

  togglePause(): void {
    const { stage, paused } = this.#snapshot;
    // What the server watches goes on for everybody.
    if (stage.phase !== "running" || stage.source.kind === "server") return;
    this.#pause(!paused);
  }

  /** Begin afresh: new people, an empty course. */
  reset(): void {
    if (this.#snapshot.stage.phase !== "running") return;
    this.#connection.send(JSON.stringify({ type: "reset" }));
    this.#forget();
    this.#refresh();
  }

  /** See this from now on, with every source. */
  configure(wishes: Wishes): void {
    this.#wishes = wishes;
    if (!wishes.baseline) this.#calibrator.stop();
    if (this.#tell()) this.#pump.once();
  }

  /** Take the next two seconds of everybody in view as their resting faces. */
  calibrate(): void {
    if (!this.#connection.send(JSON.stringify({ type: "calibrate" }))) return;
    this.#calibrator.start(this.clock.now());
    this.#refresh();
  }

  /** Keep what is seen from now on. */
  record(wanted: Wanted): void {
    this.#recorder.begin(wanted);
    this.#set({ recording: this.#recorder.state });
  }

  /** Record nothing for a while, or go on. */
  pauseRecording(on: boolean): void {
    this.#recorder.pause(on);
    this.#set({ recording: this.#recorder.state });
  }

  stopRecording(): void {
    this.#recorder.stop();
    this.#set({ recording: this.#recorder.state });
  }

  /** Note the moment `at`, in milliseconds since 1970. */
  mark(at: number, label: string): boolean {
    return this.#recorder.mark(at, label);
  }

  /** Say no more of the recording that ended. */
  dismissRecording(): void {
    this.#recorder.dismiss();
    this.#set({ recording: this.#recorder.state });
  }

  /** Draw this person's course. */
  select(track: number): void {
    this.#chosen = track;
    this.#pinned = true;
    this.#refresh();
  }

  seek(seconds: number): void {
    const { stage } = this.#snapshot;
    if (stage.phase !== "running") return;
    stage.source.tape?.seek(seconds);
  }

  /** Cameras were plugged in: whoever waits for one goes on by themselves. */
  camerasAppeared(deviceIds: readonly string[]): void {
    const { stage } = this.#snapshot;
    if (stage.phase !== "failed") return;
    const { trouble } = stage;
    const awaited =
      trouble.kind === "missing" ||
      (trouble.kind === "unplugged" && trouble.deviceId !== null && deviceIds.includes(trouble.deviceId));
    if (awaited) stage.retry();
  }

  #run(source: Source): void {
    this.#forget();
    const recording = this.#recorder.state;
    this.#set({ ...initial, recording, stage: { phase: "running", source }, link: this.#connection.link });
    this.clock.resume();
    if (source.kind === "server") {
      this.#tick();
      return;
    }
    this.#pump.attach(source);
    source.onEnd(() => this.#ended(source));
    source.element.addEventListener("seeked", () => this.#pump.once());
    this.#connection.start();
    // Some browsers do not start a video by themselves, to save power.
    this.#pump.paused = false;
    if (source.tape !== null && source.element instanceof HTMLVideoElement && source.element.paused) this.#pause(true);
    this.#tick();
  }

  #ended(source: Source): void {
    const { stage } = this.#snapshot;
    if (stage.phase !== "running" || stage.source !== source) return;
    if (source.kind === "video") {
      this.#pause(true);
      return;
    }
    this.#close();
    this.#fail({ kind: "unplugged", deviceId: source.deviceId }, "camera", () => openCamera(source.deviceId));
  }

  #fail(trouble: Trouble, kind: SourceKind | "file", opener: () => Promise<Source>): void {
    const retry = () => void this.open(kind, opener);
    this.#set({ ...initial, recording: this.#recorder.state, stage: { phase: "failed", trouble, retry } });
  }

  #close(): void {
    if (this.#timer !== null) window.clearTimeout(this.#timer);
    this.#timer = null;
    // A recording is of one source. What waits to go on after a reload is not of this stream yet.
    if (this.#snapshot.stage.phase === "running") this.#recorder.leave();
    this.#feed?.stop();
    this.#feed = null;
    this.#connection.stop();
    this.#pump.detach();
    if (this.#snapshot.stage.phase === "running") this.#snapshot.stage.source.close();
    this.#forget();
  }

  #pause(paused: boolean): void {
    const { stage } = this.#snapshot;
    if (stage.phase !== "running") return;
    if (paused) {
      stage.source.pause();
      this.clock.pause();
    } else {
      stage.source.resume();
      this.clock.resume();
      this.#meter.restart(performance.now());
    }
    this.#pump.paused = paused;
    this.#set({ paused });
  }

  #forget(): void {
    this.tracks.clear();
    this.history.clear();
    this.events.clear();
    this.#calibrator.stop();
    this.#pump.forget();
    this.#meter.restart(performance.now());
    this.#chosen = null;
    this.#pinned = false;
    this.#lastFaceAt = this.clock.now();
    this.#lastResultAt = null;
    this.#obstacle = null;
  }

  /** Tell the server what is wanted, unless it knows. @returns whether there was something to tell */
  #tell(): boolean {
    const { stage } = this.#snapshot;
    if (stage.phase !== "running") return false;
    const wanted = optionsFor(this.#wishes, this.#snapshot.attributes === true);
    const message = optionsMessage(this.#told, wanted);
    if (message === null || !this.#connection.send(message)) return false;
    this.#told = wanted;
    return true;
  }

  #onLink(link: Link): void {
    // People of a new connection are new people: the server's numbers begin again, and so do its options.
    if (link === "open") {
      this.#serverDropped = 0;
      this.#forget();
      this.#told = usual;
      this.#set({ attributes: null });
      this.#tell();
      this.#recorder.connected();
    } else {
      this.#recorder.lost();
    }
    if (link === "reconnecting") this.#pump.forget();
    const recording = this.#recorder.state;
    this.#set(link === "open" ? { link, recording, refused: null } : { link, recording });
  }

  #onMessage(message: ServerMessage): void {
    const now = performance.now();
    if (message.type === "ready") {
      this.#pump.maxFrameBytes = message.maxFrameBytes;
      this.#set({ attributes: message.attributes });
      this.#tell();
    } else if (this.#recorder.take(message)) {
      this.#set({ recording: this.#recorder.state });
    } else if (message.type === "error") {
      if (message.seq !== null) this.#pump.settle(message.seq, now);
      this.#set({ refused: message });
    } else if (message.type === "result") {
      const latency = this.#pump.settle(message.seq, now);
      this.#meter.dropped(now, Math.max(0, message.dropped - this.#serverDropped));
      this.#serverDropped = message.dropped;
      if (latency !== null) this.#take(message, now, latency);
    }
  }

  #onFeed(source: ServerCamera, link: Link): void {
    // After a break the pictures have to be asked for anew; who was seen before it may be somebody else.
    if (link === "open" && this.#snapshot.link !== "connecting") {
      source.show();
      this.#forget();
    }
    this.#set({ link, camera: link === "open" ? this.#snapshot.camera : null });
  }

  #onSeen(result: SeenByCamera): void {
    this.#take(result, performance.now(), result.serverMs);
  }

  #take(result: Result, now: number, latency: number): void {
    this.#meter.read(now, latency);
    const at = this.clock.now();
    // While time stands still nobody fades: the new picture's faces take the place of the old one's.
    if (this.clock.paused) this.tracks.clear();
    this.tracks.update(result, at);
    this.events.add(result.events, at);
    this.#lastResultAt = at;
    if (result.faces.length > 0) this.#lastFaceAt = at;
    this.history.begin();
    for (const { track, expression } of result.faces)
      if (expression !== null)
        this.history.add(track, at / 1000, expression.probabilities, emotions.indexOf(expression.label));
    if (this.#snapshot.refused !== null) this.#set({ refused: null });
  }

  #tick(): void {
    if (this.#pump.isSilent(performance.now())) this.#connection.restart();
    this.#refresh();
    this.#timer = window.setTimeout(() => this.#tick(), REFRESH_MS);
  }

  #refresh(): void {
    const at = this.clock.now();
    const wall = performance.now();
    const people = this.tracks.people(at);
    const chosen = people.find(({ track }) => track === this.#chosen);
    if (chosen === undefined || !(chosen.present || this.#pinned)) {
      this.#chosen = this.tracks.largest(at) ?? this.#chosen ?? people[0]?.track ?? null;
      this.#pinned = false;
    }
    this.#set({
      people,
      selected: this.#chosen,
      noFace: this.#faceless(at),
      obstacle: this.#lasting(obstacleOf(people), at),
      rates: this.#snapshot.paused ? noRates : this.#meter.rates(wall),
      calibration: this.#calibrator.look(
        people.filter(({ present }) => present).map(({ measures }) => measures.rest),
        at,
      ),
      busy: !this.#snapshot.paused && this.#snapshot.link === "open" && this.#meter.isBusy(wall),
    });
  }

  /** Whether results came and none has had a face for a while; that a slow server owes one says nothing. */
  #faceless(at: number): boolean {
    if (this.#lastResultAt === null) return false;
    return this.#lastResultAt > this.#lastFaceAt && at - this.#lastFaceAt > NO_FACE_AFTER_MS;
  }

  /** What has been in the way for a while. */
  #lasting(name: Obstacle | null, at: number): Obstacle | null {
    if (name === null) this.#obstacle = null;
    else if (this.#obstacle?.name !== name) this.#obstacle = { name, since: at };
    return this.#obstacle !== null && at - this.#obstacle.since >= OBSTACLE_AFTER_MS ? this.#obstacle.name : null;
  }

  #set(values: Partial<Snapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...values };
    for (const listener of this.#listeners) listener();
  }
}
