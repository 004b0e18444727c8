"""What one look found: a line for who runs the service, and what to do where something is wrong."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    NOTE = "note"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """One line.

    Attributes:
        name: of what was looked at.
        says: the fact, with its number.
        do: what mends it; empty where all is well.
    """

    name: str
    verdict: Verdict
    says: str
    do: str = ""

    @property
    def line(self) -> str:
        """For the eye."""
        return f"{self.name:<9} {self.verdict:<4}  {self.says}" + (f" -> {self.do}" if self.do else "")


def well(name: str, says: str) -> Finding:
    """Nothing is to be done."""
    return Finding(name, Verdict.OK, says)


def note(name: str, says: str, do: str) -> Finding:
    """It works, and somebody may want it otherwise."""
    return Finding(name, Verdict.NOTE, says, do)


def fault(name: str, says: str, do: str) -> Finding:
    """The service does not work, or not for long."""
    return Finding(name, Verdict.FAIL, says, do)


def gigabytes(number: float) -> str:
    """A number of bytes in words."""
    return f"{number / 1e9:.1f} GB"
