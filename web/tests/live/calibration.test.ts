import { describe, expect, it } from "vitest";
import { Calibrator } from "../../src/features/live/engine/calibration";

describe("Calibrator", () => {
  it("is off until it is started", () => {
    expect(new Calibrator().look(["calibrated"], 0)).toEqual({ phase: "off" });
  });

  it("fills in two seconds, is done when the server is, and says so for a while", () => {
    const calibrator = new Calibrator();
    calibrator.start(0);
    expect(calibrator.look(["none"], 500)).toEqual({ phase: "running", share: 0.25, late: false });
    expect(calibrator.look(["calibrating"], 1900)).toMatchObject({ phase: "running", share: 0.95 });
    expect(calibrator.look(["calibrated", "learning"], 2200)).toEqual({ phase: "done" });
    expect(calibrator.look(["calibrated"], 6000)).toEqual({ phase: "done" });
    expect(calibrator.look(["calibrated"], 6300)).toEqual({ phase: "off" });
  });

  it("does not take what is left of an earlier calibration for its own", () => {
    const calibrator = new Calibrator();
    calibrator.start(0);
    expect(calibrator.look(["calibrated"], 200)).toMatchObject({ phase: "running" });
  });

  it("tells when good frames are hard to get, and gives up", () => {
    const calibrator = new Calibrator();
    calibrator.start(0);
    expect(calibrator.look(["calibrating"], 5000)).toEqual({ phase: "running", share: 1, late: true });
    expect(calibrator.look(["learning"], 10_100)).toEqual({ phase: "failed" });
  });

  it("waits for a face that went away, but not for ever", () => {
    const calibrator = new Calibrator();
    calibrator.start(0);
    calibrator.look(["calibrating"], 100);
    expect(calibrator.look([], 3000)).toMatchObject({ phase: "running" });
    expect(calibrator.look([], 12_100)).toEqual({ phase: "failed" });
  });

  it("stops when everybody is forgotten", () => {
    const calibrator = new Calibrator();
    calibrator.start(0);
    calibrator.stop();
    expect(calibrator.look(["calibrating"], 100)).toEqual({ phase: "off" });
  });
});
