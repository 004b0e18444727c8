"""The verbs of looks at inputs before a job is made: each tenant has a line of questions, and tenants take turns."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.verbs.call import Call, milliseconds, nothing, or_none


@dataclass(frozen=True)
class AskedQuestion:
    """What somebody waits to hear.

    Attributes:
        request_id: the answer is left under it.
        about: storage key by field name, and `crop` as the client gave it.
    """

    request_id: str
    tenant: str
    about: Mapping[str, str]


def ask_preflight(request_id: str, tenant: str, about: Mapping[str, str], live_s: float) -> Call[None]:
    """Put a question at the end of its tenant's line; after `live_s` nobody waits for its answer."""
    return Call("ask_preflight", (request_id, tenant, json.dumps(dict(about)), milliseconds(live_s)), nothing)


def take_question(share: int, hold_s: float) -> Call[AskedQuestion | None]:
    """Take the next question: of the tenant that was served longest ago and has less than its share under way.

    Args:
        share: how many of one tenant may be under way.
        hold_s: after so long a question that was taken counts no more; who took it has died.
    """

    def read(reply: Any) -> AskedQuestion:  # noqa: ANN401
        return AskedQuestion(reply[0], reply[1], json.loads(reply[2]))

    return Call("take_question", (share, milliseconds(hold_s)), or_none(read))


def question_done(request_id: str, tenant: str) -> Call[None]:
    """Make room for the tenant's next one."""
    return Call("question_done", (request_id, tenant), nothing)
