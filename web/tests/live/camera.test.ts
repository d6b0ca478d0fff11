import { describe, expect, it, vi } from "vitest";
import { browserFamily } from "../../src/features/live/browserFamily";
import { CameraList, cameraTrouble } from "../../src/features/live/sources/camera";

function named(name: string): Error {
  const error = new Error("said the device");
  error.name = name;
  return error;
}

describe("cameraTrouble", () => {
  it.each([
    ["NotAllowedError", "denied"],
    ["NotFoundError", "missing"],
    ["OverconstrainedError", "missing"],
    ["NotReadableError", "busy"],
    ["AbortError", "busy"],
    ["SecurityError", "insecure"],
  ])("%s means %s", (name, kind) => {
    expect(cameraTrouble(named(name))).toEqual({ kind });
  });

  it("tells what the browser said about anything else", () => {
    expect(cameraTrouble(named("WeirdError"))).toEqual({ kind: "other", detail: "said the device" });
    expect(cameraTrouble("text")).toEqual({ kind: "other", detail: "text" });
  });
});

describe("browserFamily", () => {
  it.each([
    ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "chromium"],
    [
      "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
      "chromium",
    ],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox"],
    ["Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "safari"],
    ["Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile Safari/604.1", "ios"],
    ["Lynx/2.9", "other"],
  ])("%s", (agent, family) => {
    expect(browserFamily(agent)).toBe(family);
  });
});

class FakeDevices extends EventTarget {
  devices: { kind: string; deviceId: string; label: string }[] = [];

  async enumerateDevices(): Promise<MediaDeviceInfo[]> {
    return this.devices.map((device) => ({ ...device, groupId: "", toJSON: () => device }) as MediaDeviceInfo);
  }
}

describe("CameraList", () => {
  function make() {
    const devices = new FakeDevices();
    const appeared = vi.fn<(ids: readonly string[]) => void>();
    const list = new CameraList(appeared, devices as unknown as MediaDevices);
    return { devices, appeared, list };
  }

  it("lists cameras and nothing else", async () => {
    const { devices, list } = make();
    devices.devices = [
      { kind: "audioinput", deviceId: "m", label: "Microphone" },
      { kind: "videoinput", deviceId: "a", label: "Front" },
    ];
    await list.refresh();
    expect(list.snapshot()).toEqual([{ deviceId: "a", label: "Front" }]);
  });

  it("follows cameras as they are plugged in and out, and tells which ones came", async () => {
    const { devices, appeared, list } = make();
    const changed = vi.fn();
    list.subscribe(changed);
    devices.devices = [{ kind: "videoinput", deviceId: "a", label: "Front" }];
    devices.dispatchEvent(new Event("devicechange"));
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1));
    expect(appeared).toHaveBeenLastCalledWith(["a"]);
    devices.devices.push({ kind: "videoinput", deviceId: "b", label: "Back" });
    devices.dispatchEvent(new Event("devicechange"));
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(2));
    expect(appeared).toHaveBeenLastCalledWith(["b"]);
    devices.devices = [];
    devices.dispatchEvent(new Event("devicechange"));
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(3));
    expect(appeared).toHaveBeenCalledTimes(2);
    expect(list.snapshot()).toEqual([]);
  });

  it("is empty on pages that get no cameras", async () => {
    const list = new CameraList(vi.fn(), undefined);
    await list.refresh();
    expect(list.snapshot()).toEqual([]);
  });
});
