"""A camera's newest frames, one after another, for a program that takes them by itself."""

from __future__ import annotations

import threading
from collections.abc import Generator

from mien.core.types import Frame
from mien.live.mailbox import Mailbox
from mien.sources.camera import CameraSource


def newest(camera: CameraSource) -> Generator[Frame]:
    """Yield a camera's frames, each time the newest; those that came in the meantime are left out.

    The camera is read by a thread of its own, stopped and closed when the iterating ends.

    Raises:
        SourceError: the camera gives no more frames.
    """
    mailbox: Mailbox[Frame] = Mailbox()
    changed = threading.Event()
    over = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            for frame in camera:
                mailbox.put(frame)
                changed.set()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the frames are taken
            failures.append(error)
        finally:
            camera.close()
            over.set()
            changed.set()

    reader = threading.Thread(target=read, name="mien-camera", daemon=True)
    reader.start()
    try:
        while True:
            changed.wait()
            changed.clear()
            frame = mailbox.take()
            if frame is not None:
                yield frame
            elif over.is_set():
                break
            if over.is_set():
                changed.set()  # nobody else will: come round once more for what still waits
        if failures:
            raise failures[0]
    finally:
        camera.stop()
        reader.join()
