"""An RTSP camera for tests: Debian's own GStreamer RTSP server, an independent peer of our code.

usage: rtsp-server.py PORT [good|garbage|h265] [USER:PASSWORD]   (PORT 0 takes a free one)
Prints one line `ready PORT`, then `connected` for each viewer; ends when its stdin closes.
good: H.264 640x360@25 with a moving ball. garbage: packets that say H.264 and are noise. h265: the same ball as H.265.
"""
import os
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

RAW = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=25/1"
LAUNCH = {
    "good": f"( {RAW} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=800 ! rtph264pay name=pay0 pt=96 )",
    "h265": f"( {RAW} ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=800 ! rtph265pay name=pay0 pt=96 )",
    # Noise with start codes, so that the payloader takes it for NAL units and the receiver's decoder must judge.
    "garbage": "( appsrc name=noise is-live=true format=time do-timestamp=true "
    "caps=video/x-h264,stream-format=byte-stream,alignment=au,width=640,height=360,framerate=25/1 ! rtph264pay name=pay0 pt=96 )",
}


def feed(_factory, media):
    source = media.get_element().get_child_by_name("noise")
    if source is None:
        return

    def push():
        units = b"".join(b"\x00\x00\x00\x01" + bytes([kind]) + os.urandom(900) for kind in (0x67, 0x68, 0x65, 0x41))
        return source.emit("push-buffer", Gst.Buffer.new_wrapped(units)) == Gst.FlowReturn.OK

    GLib.timeout_add(40, push)


def main():
    port, kind = sys.argv[1], (sys.argv[2:] or ["good"])[0]
    Gst.init(None)
    loop = GLib.MainLoop()
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(LAUNCH[kind])
    factory.set_shared(True)
    factory.connect("media-configure", feed)
    for login in sys.argv[3:]:
        user, password = login.split(":", 1)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth = GstRtspServer.RTSPAuth()
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
        server.set_auth(auth)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/camera", factory)
    server.connect("client-connected", lambda *_: print("connected", flush=True))
    server.attach(None)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(f"ready {server.get_bound_port()}", flush=True)
    loop.run()


main()
