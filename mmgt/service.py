"""What can be asked of the service itself."""

from mmgt.answers import LimitsBody, ModelList, QueueBody, Verification, VoiceList
from mmgt.files import FileInput
from mmgt.forms import form_of
from mmgt.patience import Patience, ask_object
from mmgt.steps import Call, Steps


def models(patience: Patience) -> Steps[ModelList]:
    """The presets that render workers have loaded, with their limits."""
    return ask_object(patience, Call("GET", "/v1/models"))


def queue(patience: Patience) -> Steps[QueueBody]:
    """How busy it is, and the places of your videos."""
    return ask_object(patience, Call("GET", "/v1/queue"))


def limits(patience: Patience) -> Steps[LimitsBody]:
    """What you may do, how often and how much."""
    return ask_object(patience, Call("GET", "/v1/limits"))


def voices(patience: Patience) -> Steps[VoiceList]:
    """Who can speak `text`, and in which languages."""
    return ask_object(patience, Call("GET", "/v1/voices"))


def verify(patience: Patience, video: FileInput) -> Steps[Verification]:
    """What the provenance mark of an MP4 says, and whether it fits the bytes."""
    return ask_object(patience, Call("POST", "/v1/verify", form=form_of({"video": video})))
