"""Laws of the messages between processes: they name work, they carry none."""

from jobs.queue import ring, ring_delivery, ring_housekeeping, ring_preflight, video_queue


def test_messages_go_to_their_queues_and_only_those_that_somebody_awaits_expire_soon() -> None:
    sent: list[tuple[str, str, dict[str, str], float | None]] = []

    def send(*message: object) -> None:
        sent.append(message)  # type: ignore[arg-type]

    ring(send, "mmgt-512")
    ring_delivery(send)
    ring_housekeeping(send)
    ring_preflight(send)

    assert [queue for _, queue, _, _ in sent] == [
        "video.mmgt-512",
        "delivery",
        "housekeeping",
        "preflight",
    ]
    assert sent[0][2] == {"queue_class": "mmgt-512"}
    assert [arguments for _, _, arguments, _ in sent[1:]] == [{}, {}, {}]
    assert sent[3][3] == 10.0
    assert video_queue("mmgt-512") == "video.mmgt-512"
