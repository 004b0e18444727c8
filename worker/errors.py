"""Why an attempt ends without a video, as far as the worker answers each differently."""


class WorkerError(Exception):
    """Base of what this package raises on purpose."""


class CancelRequested(WorkerError):
    """The client asked to stop."""


class AttemptLost(WorkerError):
    """Another attempt holds the job, or the job ended or was deleted."""


class WorkerDraining(WorkerError):
    """This worker was asked to stop; the job goes back to its place in the queue."""


class SpeechTooLong(WorkerError):
    """A text was spoken, and the speech is longer than speech may be."""


class GpuOutOfMemory(WorkerError):
    """The device's memory did not suffice."""


class GpuFault(WorkerError):
    """The device failed; nothing that this process computes on it can be trusted any more."""


class GpuNotOpened(WorkerError):
    """A worker was given a GPU and PyTorch cannot open it; the message has PyTorch's own words."""


class SandboxLost(WorkerError):
    """The process that decodes strangers' files died or hung; the question stays open."""
