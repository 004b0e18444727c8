"""The result: frames and the original sound become one MP4 (H.264 and AAC) or MOV, complete or not there at all."""

import os
from collections.abc import Iterable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.subtitles.stream import SubtitleStream
from av.video.stream import VideoStream

from mmgt_core.media.caption_track import ShownText, add_caption_stream, write_captions
from mmgt_core.media.encoders import CAREFUL
from mmgt_core.media.film_streams import Encoder, SoundFrames, add_audio_stream, add_video_stream, bt709_frame, timed
from mmgt_core.types import FPS, UInt8Array

_SOUND_BIT_RATE = 128_000


class VideoWriter:
    """Write frames one by one, the sound along with them; memory does not grow with the length.

    The file appears under its name when the `with` block ends well. After any error nothing is left. The same frames
    and sound give the same bytes on one machine with one build of FFmpeg; AAC's arithmetic may differ on another CPU.
    """

    _container: OutputContainer
    _video: VideoStream
    _audio: AudioStream
    _captions: SubtitleStream

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        sound: Path | None,
        num_frames: int,
        encoder: Encoder = CAREFUL,
        caption_language: str | None = None,
    ) -> None:
        """Args: path: of the MP4, or of a MOV by its suffix. width, height: pixels, even. sound: a recording, decoded
        anew here at 48 kHz, cut or filled with silence to the video's length. num_frames: how many will be written.
        caption_language: of the texts that will be added; None: there is no track for any.

        Raises:
            ValueError: an odd or empty size, or no frames.
        """
        if min(width, height) < 2 or width % 2 or height % 2:
            raise ValueError(f"a video's width and height must be even, not {width} x {height}")
        if num_frames < 1:
            raise ValueError(f"a video needs at least one frame, not {num_frames}")
        self._path = path
        self._unfinished = path.with_name(path.name + ".part")
        self._shape = (height, width, 3)
        self._num_frames = num_frames
        self._encoder = encoder
        self._num_written = 0
        self._sound_path = sound
        self._sound: SoundFrames | None = None
        self._caption_language = caption_language
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        """Raises: InputError: the sound cannot be decoded. OSError: the folder cannot be written."""
        try:
            self._open()
        except BaseException:
            self._discard()
            raise
        return self

    def write(self, frame: UInt8Array) -> None:
        """Append one frame, (H, W, 3) uint8 RGB, and its 1/25 s of sound. Raises: as `append`."""
        if frame.shape != self._shape or frame.dtype != np.uint8:
            raise ValueError(f"a frame must be {self._shape} uint8, not {frame.shape} {frame.dtype}")
        self.append(bt709_frame(frame))

    def append(self, frame: av.VideoFrame) -> None:
        """Append one frame as its encoder takes it, in BT.709's limited range, and its 1/25 s of sound.

        Raises:
            ValueError: another size, or more frames than announced.
            InputError: the sound breaks off in the middle of the file.
        """
        height, width, _ = self._shape
        if (frame.width, frame.height) != (width, height):
            raise ValueError(f"a frame must be {width} x {height}, not {frame.width} x {frame.height}")
        if self._num_written == self._num_frames:
            raise ValueError(f"more than the announced {self._num_frames} frames")
        self._container.mux(self._video.encode(timed(frame, self._num_written)))
        if self._sound is not None:
            self._container.mux(self._audio.encode(self._sound.next_frame()))
        self._num_written += 1

    def add_captions(self, texts: Iterable[ShownText]) -> None:
        """Add the texts of the film's own caption track, at any time, once."""
        write_captions(self._container, self._captions, texts, self._num_frames / FPS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raises: ValueError: fewer frames than announced."""
        try:
            if error is None:
                self._finish()
        finally:
            self._discard()

    def _open(self) -> None:
        if self._sound_path is not None:
            self._sound = self._opened.enter_context(closing(SoundFrames(self._sound_path)))
        options = {"movflags": "+faststart", "fflags": "+bitexact"}
        form = "mov" if self._path.suffix == ".mov" else "mp4"
        self._container = av.open(str(self._unfinished.absolute()), mode="w", format=form, options=options)
        self._opened.callback(self._container.close)
        height, width, _ = self._shape
        self._video = add_video_stream(self._container, width, height, self._encoder)
        if self._sound is not None:
            self._audio = add_audio_stream(self._container, self._sound.num_channels, _SOUND_BIT_RATE)
        if self._caption_language is not None:
            self._captions = add_caption_stream(self._container, self._caption_language)
        self._container.start_encoding()  # creates the file, so that a folder that cannot be written is told now

    def _finish(self) -> None:
        if self._num_written != self._num_frames:
            raise ValueError(f"{self._num_written} frames were written of the announced {self._num_frames}")
        self._container.mux(self._video.encode(None))
        if self._sound is not None:
            self._container.mux(self._audio.encode(None))
        self._opened.close()
        os.replace(self._unfinished, self._path)

    def _discard(self) -> None:
        try:
            with suppress(av.FFmpegError):  # the first failure is the one to tell
                self._opened.close()
        finally:
            self._unfinished.unlink(missing_ok=True)
