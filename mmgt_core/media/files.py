"""The first look at a stranger's file: is it there, is it a file, and how large is it?"""

import os
import stat
from pathlib import Path

from mmgt_core.errors import InputCode, InputError


def file_bytes(path: Path, unreadable: InputCode) -> int:
    """The size of an input file in bytes; pipes and devices are refused, since opening one could wait for ever.

    Raises:
        InputError: `unreadable`: nothing is there, it is no regular file, this user may not read it, or it is empty.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise InputError(unreadable, f"{path} cannot be opened: {reason}") from error
    if not stat.S_ISREG(status.st_mode):
        raise InputError(unreadable, f"{path} is not a file")
    if not os.access(path, os.R_OK):
        raise InputError(unreadable, f"{path} cannot be opened: this user may not read it")
    if not status.st_size:
        raise InputError(unreadable, "the file cannot be decoded: the file is empty")
    return status.st_size
