#!/usr/bin/env bash
# Guess: what a decoder of plain timed text gives is ready to be shown; a format without commands has none afterwards.
# Seen (PyAV 18.1.0, its FFmpeg, 2026-11-30): the decoders of MP4's timed text (`mov_text`) and of WebVTT both give lines of ASS. WebVTT's
# escapes a brace; that of `mov_text` passes it on as it stands, where ASS takes `{a, b}` for a command: players that draw by ASS show
# nothing of it, though the file has the text whole.
# Follows: text with braces is written into `mov_text` with other brackets.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0
"$folder/venv/bin/python" - <<'EOF'
import io
import struct
from fractions import Fraction

import av

TEXT = "the set {a, b} of two"
FIELDS = ("Name", "Fontname", "Fontsize", "PrimaryColour", "Bold", "Italic", "Underline", "Alignment")
HEAD = (
    f"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: {', '.join(FIELDS)}\n"
    "Style: Default,sans-serif,16,&Hffffff,0,0,0,2\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)


def film():
    """An MP4 with one sample of timed text, written byte by byte as 3GPP 26.245 has it."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mov_text")
        stream.codec_context.subtitle_header = HEAD.encode()
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        packet = av.Packet(struct.pack(">H", len(TEXT)) + TEXT.encode())
        packet.pts, packet.dts, packet.duration, packet.time_base = 0, 0, 1000, Fraction(1, 1000)
        packet.stream = stream
        container.mux(packet)
    assert TEXT.encode() in file.getvalue()
    file.seek(0)
    return file


def shown(file, name):
    """The text of the first line that the decoder gives."""
    with av.open(file, format=name) as container:
        for packet in container.demux(container.streams.subtitles[0]):
            for subtitle in packet.decode():
                return subtitle.ass.decode().split(",", 8)[-1]


vtt = io.BytesIO(f"WEBVTT\n\n00:00.000 --> 00:01.000\n{TEXT}\n".encode())
of_film, of_vtt = shown(film(), "mp4"), shown(vtt, "webvtt")
print("mov_text:", of_film)
print("WebVTT:  ", of_vtt)
raise SystemExit(not (of_film == TEXT and of_vtt != TEXT and "\\{" in of_vtt))
EOF
