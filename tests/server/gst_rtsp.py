"""A network camera for tests, by GStreamer: run it with the Python that Debian's gst-rtsp-server is installed for.

Arguments: the port (0 for any free one), then optionally a user and a password. Prints the port that it listens on.
"/h264" and "/mjpeg" show a ball that moves.
"""

# mypy: ignore-errors
from __future__ import annotations

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PICTURES = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=160,height=120,framerate=20/1"
ENCODERS = {
    "/h264": "openh264enc gop-size=10 ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1",
    "/mjpeg": "jpegenc ! rtpjpegpay name=pay0 pt=26",
}


def secure(server, factory, user: str, password: str) -> None:
    """Let nobody in but this user."""
    auth = GstRtspServer.RTSPAuth.new()
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", "user")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions.new()
    permissions.add_permission_for_role("user", "media.factory.access", True)
    permissions.add_permission_for_role("user", "media.factory.construct", True)
    factory.set_permissions(permissions)


def main(port: str, *login: str) -> None:
    """Serve until killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(port)
    for path, encoder in ENCODERS.items():
        factory = GstRtspServer.RTSPMediaFactory.new()
        factory.set_launch(f"( {PICTURES} ! {encoder} )")
        factory.set_shared(True)
        if login:
            secure(server, factory, *login)
        server.get_mount_points().add_factory(path, factory)
    if not server.attach(None):
        sys.exit(f"port {port} cannot be listened on")
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
