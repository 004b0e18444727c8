#!/usr/bin/env bash
# Guess: Chromium's <video> shows a fragment of a growing MP4, one open chunked answer, as soon as that fragment has come whole.
# Seen (Chromium 156, PyAV 18.1.0, 2026-11-30): it reads the answer in blocks of 32 768 bytes. A film of 128 pixels has some kilobytes
# a second, so its first frame of six seconds shows when the answer ends; with a `free` box behind each fragment that fills the
# answer up to the next whole block, it shows about when the first fragment has come. (Media Source Extensions do not wait.)
# Follows: pad the fragments of a live preview. Needs `chromium` on the path.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
chromium --version
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import subprocess
import tempfile
import threading
import time

import av
import numpy as np

PAGE = b"""<video id=v muted></video><script>const v=document.getElementById('v'),t=Date.now();
v.requestVideoFrameCallback(()=>fetch('/first',{method:'POST',body:String(Date.now()-t)}));v.src=location.search;v.play()</script>"""
told, fills = threading.Event(), []


def pieces(is_filled: bool):
    """Six seconds of film, made as slowly as it plays."""
    class Pipe:
        new, total = b"", 0
        def write(self, content): self.new += bytes(content); return len(content)
        def take(self):
            out, self.new = self.new, b""
            if out and is_filled:
                size = -(self.total + len(out)) % 32768
                size += 32768 if size < 8 else 0
                out += size.to_bytes(4, "big") + b"free" + bytes(size - 8)
            self.total += len(out)
            return out
    pipe, options = Pipe(), {"movflags": "+delay_moov+default_base_moof", "frag_duration": "1000000"}
    film = av.open(pipe, "w", format="mp4", options=options)
    video = film.add_stream("libx264", rate=25, width=128, height=128, options={"tune": "zerolatency"})
    video.codec_context.pix_fmt = "yuv420p"
    for index in range(150):
        film.mux(video.encode(av.VideoFrame.from_ndarray(np.full((128, 128, 3), index, np.uint8), "rgb24")))
        time.sleep(1 / 25)
        yield pipe.take()
    film.mux(video.encode(None)); film.close()
    yield pipe.take()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self):
        is_page = self.headers.get("Sec-Fetch-Dest") == "document"
        self.send_response(200); self.send_header("Content-Type", "text/html" if is_page else "video/mp4")
        self.send_header("Transfer-Encoding", "chunked"); self.end_headers()
        for piece in [PAGE] if is_page else pieces("filled" in self.path):
            if piece: self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece)); self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
    def do_POST(self):
        fills.append(int(self.rfile.read(int(self.headers["Content-Length"])))); told.set()
        self.send_response(204); self.end_headers()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for name in ("plain", "filled"):
    told.clear()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = ["chromium", "--headless", "--no-sandbox", "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={profile}"]
        browser = subprocess.Popen([*words, f"http://127.0.0.1:{server.server_port}/?{name}"], stderr=subprocess.DEVNULL)
        told.wait(60); browser.terminate(); browser.wait()
    print(f"{name}: first frame after {fills[-1]} ms of a film that is sent in 6 000 ms", flush=True)
raise SystemExit(not (len(fills) == 2 and fills[0] > 5500 and fills[1] < 4500))
PYTHON
