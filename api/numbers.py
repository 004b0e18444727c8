"""Numbers as clients write them: what an HTML form or JSON sends, and nothing else that Python would take for one."""

import re
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

# https://html.spec.whatwg.org: a valid floating-point number. Python also takes 1_000, " 5", +5 and nan.
NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
SHOWN_CHARS = 20


def as_written(value: object) -> object:
    """Return text only if it is written as a number, and everything else for the type to judge.

    Raises:
        PydanticCustomError
    """
    if isinstance(value, str) and NUMBER.fullmatch(value) is None:
        raise PydanticCustomError("number", "{text} is not a number", {"text": repr(value[:SHOWN_CHARS])})
    return value


WholeNumber = Annotated[int, BeforeValidator(as_written)]
Number = Annotated[float, BeforeValidator(as_written)]
