import { expect, it } from "vitest";
import { parseMessage, type ServerMessage } from "../../src/features/live/engine/protocol";
import { type Desk, Recorder } from "../../src/features/live/engine/recording";

class FakeDesk implements Desk {
  readonly sent: unknown[] = [];
  connected = true;
  time = 1000;
  memory: string | null = null;

  send(message: string): boolean {
    if (this.connected) this.sent.push(JSON.parse(message));
    return this.connected;
  }
  now(): number {
    return this.time;
  }
  kept(): string | null {
    return this.memory;
  }
  keep(ticket: string | null): void {
    this.memory = ticket;
  }
}

function said(values: object): ServerMessage {
  const message = parseMessage(JSON.stringify(values));
  if (message === null) throw new Error("the page does not know this message");
  return message;
}

function recorded(state: string, saved: number, more: object = {}): ServerMessage {
  const usual = { message: "", code: "", waiting: 0, lost: 0 };
  return said({ type: "recording", session: "abc", state, saved, ...usual, ...more });
}

function refusal(code: string, message: string, more: object = {}): ServerMessage {
  return said({ type: "error", code, message, seq: null, ...more });
}

const wanted = { name: "Monday", purpose: "self", consent: true, pictures: false };

function recording(desk: FakeDesk): Recorder {
  const recorder = new Recorder(desk);
  recorder.begin(wanted);
  recorder.take(recorded("recording", 0, { token: "secret" }));
  return recorder;
}

it("begins, follows what is saved, and ends", () => {
  const desk = new FakeDesk();
  const recorder = recording(desk);
  expect(desk.sent).toEqual([{ type: "record", ...wanted }]);
  expect(recorder.state).toMatchObject({ phase: "recording", began: 1000 });
  recorder.take(recorded("recording", 2.5));
  expect(recorder.state.saved).toBe(2.5);
  recorder.stop();
  expect(desk.sent.at(-1)).toEqual({ type: "record", stop: true });
  recorder.take(recorded("stopped", 3.1));
  expect(recorder.state).toMatchObject({ phase: "off", ended: "abc", saved: 3.1 });
  expect(desk.memory).toBeNull();
  recorder.dismiss();
  expect(recorder.state.ended).toBeNull();
});

it("follows how the keeping of pictures goes", () => {
  const desk = new FakeDesk();
  const recorder = recording(desk);
  expect(recorder.state.pictures).toBeNull();
  const pictures = { kept: 3, bytes: 900, lost: 1, code: "pictures_space" };
  recorder.take(recorded("recording", 2, { pictures }));
  expect(recorder.state).toMatchObject({ phase: "recording", pictures: { kept: 3, lost: 1, code: "pictures_space" } });
});

it("is asked again where pictures are refused", () => {
  const desk = new FakeDesk();
  const recorder = new Recorder(desk);
  recorder.begin({ ...wanted, pictures: true });
  expect(desk.sent).toEqual([{ type: "record", ...wanted, pictures: true }]);
  recorder.take(refusal("pictures_off", "this server keeps no pictures"));
  expect(recorder.state).toMatchObject({ phase: "off", refused: { code: "pictures_off" } });
});

it("says why it was refused and can be asked again", () => {
  const desk = new FakeDesk();
  const recorder = new Recorder(desk);
  recorder.begin(wanted);
  expect(recorder.take(refusal("purpose_refused", "this looks like hiring", { kind: "hiring" }))).toBe(true);
  const refused = { code: "purpose_refused", message: "this looks like hiring", kind: "hiring" };
  expect(recorder.state).toMatchObject({ phase: "off", refused });
  recorder.begin(wanted);
  expect(recorder.state).toMatchObject({ phase: "starting", refused: null });
});

it("goes on after a reload with what the tab kept", () => {
  const desk = new FakeDesk();
  recording(desk);
  desk.time = 9000;
  const recorder = new Recorder(desk);
  expect(recorder.state).toMatchObject({ phase: "waiting", began: 1000 });
  recorder.connected();
  expect(desk.sent.at(-1)).toEqual({ type: "record", resume: "abc", token: "secret", pause: false });
  recorder.take(recorded("recording", 4, { token: "another" }));
  expect(recorder.state).toMatchObject({ phase: "recording", began: 1000, saved: 4 });
  expect(desk.memory).toContain("another");
});

it("waits while the connection is lost, and says when the time was over", () => {
  const desk = new FakeDesk();
  const recorder = recording(desk);
  recorder.lost();
  expect(recorder.state.phase).toBe("waiting");
  recorder.connected();
  recorder.take(refusal("cannot_resume", "its time is over"));
  const trouble = { code: "cannot_resume", message: "its time is over" };
  expect(recorder.state).toMatchObject({ phase: "off", ended: "abc", trouble });
});

it("tells what is wrong while live goes on, and when it is over", () => {
  const recorder = recording(new FakeDesk());
  recorder.take(recorded("failed", 2, { message: "no space", code: "disk_full", waiting: 70 }));
  expect(recorder.state).toMatchObject({ phase: "failed", trouble: { code: "disk_full" }, unwritten: 70, lost: 0 });
  recorder.take(recorded("recording", 5, { message: "3 frames were lost", code: "lost", lost: 3 }));
  expect(recorder.state).toMatchObject({ phase: "recording", trouble: null, unwritten: 0, lost: 3 });
  recorder.take(recorded("stopped", 5, { message: "3 frames were lost", code: "lost", lost: 3 }));
  expect(recorder.state).toMatchObject({ phase: "off", trouble: null, lost: 3, saved: 5 });
});

it("says that somebody deleted it", () => {
  const recorder = recording(new FakeDesk());
  recorder.take(recorded("stopped", 5, { message: "it was deleted", code: "deleted" }));
  expect(recorder.state).toMatchObject({ phase: "off", trouble: { code: "deleted" } });
});

it("is paused when the server says so, and does not go on by itself", () => {
  const desk = new FakeDesk();
  const recorder = recording(desk);
  recorder.pause(true);
  expect(desk.sent.at(-1)).toEqual({ type: "record", pause: true });
  expect(recorder.state.phase).toBe("recording");
  recorder.take(recorded("paused", 2));
  expect(recorder.state.phase).toBe("paused");
  expect(recorder.mark(2000, "in the pause")).toBe(true);
  recorder.lost();
  const reloaded = new Recorder(desk);
  for (const each of [recorder, reloaded]) {
    each.connected();
    expect(desk.sent.at(-1)).toEqual({ type: "record", resume: "abc", token: "secret", pause: true });
  }
  reloaded.take(recorded("paused", 2, { token: "another" }));
  reloaded.pause(false);
  reloaded.take(recorded("recording", 2));
  expect(JSON.parse(desk.memory ?? "")).toMatchObject({ token: "another", paused: false });
});

it("notes the moment of the key, not that of the words", () => {
  const desk = new FakeDesk();
  const recorder = recording(desk);
  desk.time = 20_000;
  expect(recorder.mark(3500, "laughs")).toBe(true);
  expect(desk.sent.at(-1)).toEqual({ type: "marker", time: 2.5, label: "laughs" });
  recorder.take(said({ type: "marker", session: "abc", id: 1, time: 2.5, label: "laughs" }));
  expect(recorder.state.marker).toEqual({ time: 2.5, label: "laughs" });
  desk.connected = false;
  expect(recorder.mark(4000, "again")).toBe(false);
});

it("is ended when its stream is closed on purpose, and not by another stream's messages", () => {
  const desk = new FakeDesk();
  const recorder = recording(desk);
  recorder.leave();
  expect(desk.sent.at(-1)).toEqual({ type: "record", stop: true });
  expect(recorder.state).toMatchObject({ phase: "off", ended: "abc" });
  expect(recorder.take(refusal("empty", "no picture"))).toBe(false);
});

it.each(["", "{", '{"session":1}', "null"])("passes over what it cannot read: %s", (kept) => {
  const desk = new FakeDesk();
  desk.memory = kept;
  expect(new Recorder(desk).state.phase).toBe("off");
});
