"""What the store should be: the same verbs on plain Python objects, with a clock that a test moves."""

from dataclasses import dataclass, field

from jobs.job import JobStatus, Priority
from jobs.verbs.lifecycle import Outcome

MAX_LOST = 3
Q, R = JobStatus.QUEUED, JobStatus.IN_PROGRESS


@dataclass
class ModelJob:
    """One job as far as its states go."""

    id: str
    tenant: str
    priority: Priority
    sequence: int
    status: JobStatus = Q
    attempt: int = 0
    lost: int = 0
    percent: int = 0
    is_cancel_requested: bool = False
    history: list[JobStatus] = field(default_factory=lambda: [Q])


@dataclass
class ModelStore:
    """All jobs; the deleted ones are remembered by id only."""

    jobs: dict[str, ModelJob] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    served: dict[tuple[Priority, str], int] = field(default_factory=dict)
    num_created: int = 0
    num_claims: int = 0

    def create(self, job_id: str, tenant: str, priority: Priority) -> None:
        self.num_created += 1
        self.jobs[job_id] = ModelJob(job_id, tenant, priority, self.num_created)

    def move(self, job: ModelJob, status: JobStatus) -> None:
        job.status = status
        job.history.append(status)
        if status is Q:
            job.percent = 0
        if status is JobStatus.COMPLETED:
            job.percent = 100

    def next_up(self) -> ModelJob | None:
        """Interactive first; then the tenant served longest ago, by name where nobody was; then its oldest."""
        for priority in Priority:
            waiting = [job for job in self.jobs.values() if job.status is Q and job.priority is priority]
            if waiting:
                return min(
                    waiting, key=lambda job: (self.served.get((priority, job.tenant), 0), job.tenant, job.sequence)
                )
        return None

    def claim(self) -> ModelJob | None:
        job = self.next_up()
        if job is not None:
            self.num_claims += 1
            self.served[job.priority, job.tenant] = self.num_claims
            self.move(job, R)
            job.attempt += 1
        return job

    def line(self) -> list[str]:
        """Ids in the order in which claims would take them."""
        rehearsal = ModelStore(
            {
                job.id: ModelJob(job.id, job.tenant, job.priority, job.sequence, job.status)
                for job in self.jobs.values()
            },
            served=dict(self.served),
            num_claims=self.num_claims,
        )
        order = []
        while (job := rehearsal.claim()) is not None:
            order.append(job.id)
        return order

    def word(self, job_id: str, attempt: int, becomes: JobStatus) -> Outcome:
        """A worker's last word about an attempt, which moves the job to a status."""
        job = self.jobs.get(job_id)
        if job is None:
            return Outcome.GONE
        if job.attempt != attempt:
            return Outcome.STALE
        if job.status is R:
            if job.is_cancel_requested:
                self.move(job, JobStatus.CANCELLED)
                return Outcome.CANCELLED
            self.move(job, becomes)
            return Outcome.DONE
        if job.status is JobStatus.CANCELLED:
            return Outcome.CANCELLED
        return Outcome.DONE if job.status is becomes else Outcome.STALE

    def lose(self, job: ModelJob) -> None:
        """The attempt's lease ended."""
        if job.is_cancel_requested:
            self.move(job, JobStatus.CANCELLED)
            return
        job.lost += 1
        self.move(job, JobStatus.FAILED if job.lost >= MAX_LOST else Q)

    def cancel(self, job_id: str) -> None:
        job = self.jobs.get(job_id)
        if job is not None and job.status is Q:
            job.is_cancel_requested = True
            self.move(job, JobStatus.CANCELLED)
        elif job is not None and job.status is R:
            job.is_cancel_requested = True

    def delete(self, job_id: str) -> bool:
        if self.jobs.pop(job_id, None) is None:
            return False
        self.deleted.add(job_id)
        return True
