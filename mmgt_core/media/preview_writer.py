"""The preview: the frames and sound of the result, in fragments that play one after another while the rest is made.

It is not signed: a mark binds bytes that are complete, and these leave before the next exist. What it is stands in its
metadata instead; only the result carries a mark.
"""

import struct
from contextlib import suppress
from pathlib import Path

import av
from av.audio.stream import AudioStream

from mmgt_core.media.film_streams import Encoder, SoundFrames, add_audio_stream, add_video_stream, bt709_frame, timed
from mmgt_core.types import UInt8Array

UNSIGNED = (
    "Unsigned preview of a video made by a machine from a portrait and a voice; only the finished video is marked."
)
"""The comment in the preview's metadata."""

_ENCODER = Encoder("libx264", {"preset": "veryfast", "tune": "zerolatency", "crf": "23"}, num_threads=1)
"""Without B-frames and lookahead the encoder gives each picture at once, and no time stamp lies below zero."""
_SOUND_BIT_RATE = 96_000
_MUXER_OPTIONS = {
    # The head waits for the first fragment, so that the encoder's lead-in of sound stands in it; each fragment counts
    # its bytes from itself, as browsers ask; no index of fragments follows the last.
    "movflags": "+delay_moov+default_base_moof+skip_trailer",
    "frag_duration": "1000000",  # microseconds
    "fflags": "+bitexact",
}
_BLOCK_BYTES = 32_768
"""Chromium's `<video>` sees an answer that grows in such blocks only: what does not fill one is not played before the
next fragment, or several, have come (version 156). So each fragment is filled up to one."""
_BOX_HEADER = struct.Struct(">I4s")  # bytes of the box, its name


class PreviewWriter:
    """Write frames one by one; about every second what is new is given back, to be played behind what came before.

    The first fragment begins with the file's head. A fragment is complete with the second frame behind it.
    """

    def __init__(self, width: int, height: int, sound: Path | None, num_frames: int) -> None:
        """Args: width, height: pixels, even. sound: a recording, decoded anew here. num_frames: how many will come.

        Raises:
            InputError: the sound cannot be decoded.
        """
        self._num_frames, self._num_written = num_frames, 0
        self._sound = None if sound is None else SoundFrames(sound)
        self._muxed = _Muxed()
        self._container = av.open(self._muxed, mode="w", format="mp4", options=_MUXER_OPTIONS)
        self._container.metadata["comment"] = UNSIGNED
        self._video = add_video_stream(self._container, width, height, _ENCODER)
        self._audio: AudioStream | None = None
        if self._sound is not None:
            self._audio = add_audio_stream(self._container, self._sound.num_channels, _SOUND_BIT_RATE)

    @property
    def is_whole(self) -> bool:
        """True when every frame is written."""
        return self._num_written == self._num_frames

    def write(self, frame: UInt8Array) -> bytes:
        """Append one frame, (H, W, 3) uint8 RGB, and its 1/25 s of sound.

        Returns:
            The fragment that is complete now, empty where none is; the last frame gives all that is left.

        Raises:
            InputError: the sound breaks off in the middle of the file.
        """
        self._container.mux(self._video.encode(timed(bt709_frame(frame), self._num_written)))
        if self._audio is not None and self._sound is not None:
            self._container.mux(self._audio.encode(self._sound.next_frame()))
        self._num_written += 1
        if self.is_whole:
            self._finish()
            return self._muxed.take()
        return self._muxed.take_filled()

    def close(self) -> None:
        """Hold nothing any more, also in the middle."""
        with suppress(av.FFmpegError):
            self._container.close()
        if self._sound is not None:
            self._sound.close()

    def _finish(self) -> None:
        self._container.mux(self._video.encode(None))
        if self._audio is not None:
            self._container.mux(self._audio.encode(None))
        self._container.close()


class _Muxed:
    """What the muxer writes to: a stream without a way back, so that nothing given away is ever changed.

    Boxes of head, index and data come together when a fragment is complete, and nothing between two fragments.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._num_taken = 0

    def write(self, content: bytes) -> int:
        """Called by the muxer."""
        self._pending += content
        return len(content)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken, self._pending = bytes(self._pending), bytearray()
        self._num_taken += len(taken)
        return taken

    def take_filled(self) -> bytes:
        """Return it, if it is anything, with a box behind it that means nothing and ends where a block does."""
        if self._pending:
            num_bytes = -(self._num_taken + len(self._pending)) % _BLOCK_BYTES
            num_bytes += _BLOCK_BYTES if num_bytes < _BOX_HEADER.size else 0
            self._pending += _BOX_HEADER.pack(num_bytes, b"free").ljust(num_bytes, b"\0")
        return self.take()
