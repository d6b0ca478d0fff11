"""A live client: sends a camera's or a video's frames to a Mien server and prints what is seen.

    python examples/python_client.py 0                     # the first camera
    python examples/python_client.py clip.mp4 --server ws://127.0.0.1:8000

Needs `websockets` and OpenCV. The protocol is described in docs/protocol.md. No more than two frames are under way;
when a result comes back, the newest frame is sent next: however slow the network, nothing old is ever waited for.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import sys
import threading
import time
from typing import Any

import cv2
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

PROTOCOL = Subprotocol("mien.v1")
UNDER_WAY = 2
JPEG_QUALITY = 80


class Newest:
    """Reads frames as fast as they come and keeps the newest; a file is played at its own speed."""

    def __init__(self, source: str) -> None:
        self.video = cv2.VideoCapture(int(source) if source.isdecimal() else source)
        if not self.video.isOpened():
            raise SystemExit(f"cannot open {source}")
        rate = self.video.get(cv2.CAP_PROP_FPS)
        self._pause = 0.0 if source.isdecimal() or rate <= 0 else 1 / rate
        self._frame: Any = None
        self._change = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Newest:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._reader.join()
        self.video.release()

    def take(self) -> Any:
        """Wait for a frame that was not taken yet and return it; None at the end."""
        with self._change:
            self._change.wait_for(lambda: self._frame is not None or self._ended)
            frame, self._frame = self._frame, None
            return frame

    def _read(self) -> None:
        due = time.monotonic()
        while not self._ended:
            well, frame = self.video.read()
            with self._change:
                if well:
                    self._frame = frame
                else:
                    self._ended = True
                self._change.notify()
            due += self._pause
            time.sleep(max(0.0, due - time.monotonic()))


def describe(face: dict[str, Any]) -> str:
    """Return a face's line: who, what, how sure."""
    emotion = face["emotion"]
    doubt = " (uncertain)" if emotion["uncertain"] else ""
    return f"#{face['track']} {emotion['label']} {emotion['confidence']:.0%}{doubt}"


def send(socket: ClientConnection, seq: int, frame: Any) -> None:
    """Send a frame: its number, when it was taken, the JPEG."""
    _, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    socket.send(struct.pack("<Id", seq, time.monotonic() * 1000) + jpeg.tobytes())


def follow(socket: ClientConnection, frames: Newest) -> None:
    """Send frames and print results until the source ends."""
    seq = under_way = 0
    ended = False
    while True:
        while under_way < UNDER_WAY and not ended:
            frame = frames.take()
            ended = frame is None
            if not ended:
                send(socket, seq, frame)
                seq, under_way = seq + 1, under_way + 1
        if under_way == 0:
            return
        message = json.loads(socket.recv(timeout=30))
        if message["type"] == "error":
            print(f"frame {message['seq']}: {message['message']}", file=sys.stderr)
            under_way -= message["seq"] is not None
        elif message["type"] == "result":
            # What is newer replaces what is older: a result also settles the frames before it.
            under_way = seq - 1 - message["seq"]
            seen = ", ".join(describe(face) for face in message["faces"]) or "nobody"
            print(f"{message['seq']:6d}  {message['server_ms']:6.1f} ms  {seen}", flush=True)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description="Send live frames to a Mien server.")
    parser.add_argument("source", help="camera number or video file")
    parser.add_argument("--server", default="ws://127.0.0.1:8000", help="ws:// or wss:// address")
    parser.add_argument("--tries", type=int, default=10, help="how often to connect before giving up")
    options = parser.parse_args()
    key = os.environ.get("MIEN_API_KEY")
    with Newest(options.source) as frames:
        run(frames, f"{options.server}/api/v1/stream", {"X-API-Key": key} if key else {}, options.tries)


def run(frames: Newest, address: str, headers: dict[str, str], tries: int) -> None:
    """Follow the frames; connect again when the connection breaks, but not when the server refuses it."""
    for attempt in range(tries):
        try:
            with connect(address, subprotocols=[PROTOCOL], additional_headers=headers) as socket:
                json.loads(socket.recv())  # "ready"
                follow(socket, frames)
                return
        except InvalidStatus as error:
            refusal = error.response
            if refusal.status_code < 429:
                raise SystemExit(f"refused: {refusal.body.decode(errors='replace')}") from None
            print(f"{error}; trying again", file=sys.stderr)
        except (OSError, WebSocketException) as error:
            print(f"{error}; trying again", file=sys.stderr)
        time.sleep(min(2**attempt * 0.5, 10))
    raise SystemExit(f"{address} cannot be reached")


if __name__ == "__main__":
    main()
