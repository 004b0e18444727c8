"""Laws of the messages between processes: they name work, they carry none."""

from jobs.queue import ask_preflight, ask_verify, ring, ring_delivery, ring_housekeeping, video_queue


def test_messages_go_to_their_queues_and_only_those_that_somebody_awaits_expire_soon() -> None:
    sent: list[tuple[str, str, dict[str, str], float | None]] = []

    def send(*message: object) -> None:
        sent.append(message)  # type: ignore[arg-type]

    ring(send, "mmgt-512")
    ring_delivery(send)
    ring_housekeeping(send)
    ask_preflight(send, "r1", {"image": "videos/v/inputs/image.png"}, "10,0,64,64")
    ask_verify(send, "r2", "verify/v.mp4")

    assert [queue for _, queue, _, _ in sent] == [
        "video.mmgt-512",
        "delivery",
        "housekeeping",
        "preflight",
        "preflight",
    ]
    assert sent[0][2] == {"queue_class": "mmgt-512"}
    assert sent[3][2] == {"request_id": "r1", "crop": "10,0,64,64", "image": "videos/v/inputs/image.png"}
    assert [expires_s for *_, expires_s in sent[3:]] == [10.0, 10.0]
    assert video_queue("mmgt-512") == "video.mmgt-512"
