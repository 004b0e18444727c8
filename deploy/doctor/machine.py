"""What the service needs of its machine: GPU and driver, memory, disk, ports, weights, the identity that signs."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from deploy.doctor.finding import Finding, fault, gigabytes, well
from jobs.ports import PortUnusable, check_free
from jobs.settings import Settings, StoreSettings
from mmgt_core.checkpoints.file_hashes import file_sha256
from mmgt_core.config import PRESETS
from mmgt_core.errors import MMGTError
from mmgt_core.media.signing_identity import user_identity_folder
from worker.gpus import AUTO, CPU, Cuda, TorchBuild, ask_cuda, numbers, torch_build, why_unusable
from worker.identity import open_identity
from worker.launch import DEMO_PRESET, PUBLISHED_PRESET, SUPPORT_PROCESSES, WEIGHTS_INDEX, preset_to_serve

WEIGHTS_BYTES = 6_400_000_000
"""Of the published preset in half precision: what a GPU holds at least."""
MEMORY_BYTES = {DEMO_PRESET: 3_600_000_000, PUBLISHED_PRESET: 7_200_000_000}
"""Nine tenths of what docs/hosting.md asks for: a machine sold with 4 GB has a little less."""
_MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_PULL = "`mmgt weights pull` and `mmgt weights convert`"


def look_at_gpu(
    settings: Settings, ask: Callable[[], Cuda] = ask_cuda, read_build: Callable[[], TorchBuild | None] = torch_build
) -> Finding:
    """Whether the GPUs that the settings ask for can be opened, and by the PyTorch that is installed."""
    if settings.gpus == CPU:
        return well("gpu", "MMGT_GPUS=cpu: the CPU renders")
    cuda, build = ask(), read_build()
    problem = why_unusable(cuda, build)
    needs = build.needs if build else "PyTorch is absent"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    named = numbers(settings.gpus if settings.gpus != AUTO else visible or "")
    if problem is not None and named:
        do = f"install driver and PyTorch that fit ({needs}), or MMGT_GPUS=cpu"
        return fault("gpu", f"GPU {', '.join(named)} is asked for: {problem}", do)
    if problem is not None and cuda.driver_cuda is not None and visible is None:
        return fault("gpu", f"a driver is here, and the CPU renders: {problem}", "mend it, or set MMGT_GPUS=cpu")
    if problem is not None:
        return well("gpu", f"none; the CPU renders ({problem})")
    absent = [number for number in named if visible is None and number.isdecimal() and int(number) >= len(cuda.gpus)]
    if absent:
        return fault("gpu", f"GPU {', '.join(absent)} is asked for; there are {len(cuda.gpus)}", "set MMGT_GPUS")
    smallest = min(cuda.gpus, key=lambda gpu: gpu.memory_bytes)
    if preset_to_serve(settings) == PUBLISHED_PRESET and smallest.memory_bytes < WEIGHTS_BYTES:
        says = f"{smallest.name} has {gigabytes(smallest.memory_bytes)}; weights alone are {gigabytes(WEIGHTS_BYTES)}"
        return fault("gpu", says, "choose a larger GPU, or MMGT_WORKER__PRESET=mmgt-demo")
    found = ", ".join(f"{gpu.name} ({gigabytes(gpu.memory_bytes)})" for gpu in cuda.gpus)
    return well("gpu", f"{found}; {needs}")


def look_at_memory(settings: Settings, limit_files: tuple[Path, ...] = _MEMORY_LIMITS) -> Finding:
    """Whether this machine, or the container, may use as much memory as a render takes."""
    preset = preset_to_serve(settings)
    needed = MEMORY_BYTES.get(preset, MEMORY_BYTES[DEMO_PRESET])
    total = min([psutil.virtual_memory().total, *_limits(limit_files)])
    says = f"{gigabytes(total)} to use, {gigabytes(psutil.virtual_memory().available)} free; {preset} takes "
    says += gigabytes(needed)
    return well("memory", says) if total >= needed else fault("memory", says, "more memory, or another preset")


def _limits(paths: tuple[Path, ...]) -> Iterator[int]:
    for path in paths:
        text = path.read_text().strip() if path.is_file() else ""
        if text.isdecimal():  # v2 says `max` where there is no limit, v1 a number larger than any memory
            yield int(text)


def look_at_disk(settings: Settings) -> Finding:
    """Whether the folders of what is under way and of what lasts can be written, and would take the largest upload."""
    limits = settings.limits
    upload_bytes = 2 * limits.max_image_bytes + limits.max_audio_bytes  # two: the backdrop's
    upload_bytes += limits.max_driving_video_bytes + limits.max_driving_keypoints_bytes + limits.max_captions_bytes
    needed_bytes = upload_bytes + settings.storage.reserve_bytes
    folders = [settings.scratch_folder]  # by default in the data folder; a container has no other that it may write
    if settings.storage.kind == "local":
        folders.append(settings.objects_folder)
    told = []
    for folder in dict.fromkeys(_existing(folder) for folder in folders):
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            return fault("disk", f"{folder} is no folder that this user may write", "chown it, or set MMGT_DATA")
        free = shutil.disk_usage(folder).free
        told.append(f"{gigabytes(free)} free in {folder}")
        if free < needed_bytes:
            return fault("disk", f"{told[-1]}; {gigabytes(needed_bytes)} are needed", "make room, or set MMGT_DATA")
    return well("disk", "; ".join(told))


def _existing(path: Path) -> Path:
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())


def look_at_ports(settings: Settings, store: StoreSettings | None) -> Finding:
    """Whether the ports of API and metrics are free, or this very service's."""
    wanted = {settings.port: (settings.host, "--port or MMGT_PORT")} if settings.port else {}
    if settings.metrics.port is not None:
        for index in range(2 + len(SUPPORT_PROCESSES)):  # API, the small workers, one render worker
            wanted[settings.metrics.port + index] = (settings.metrics.host, "MMGT_METRICS__PORT")
    told = []
    for port, (host, named_by) in wanted.items():
        try:
            check_free(host, port, named_by)
            told.append(f"{port} is free")
        except PortUnusable as error:
            holder = _holder(port)
            if holder is None:
                return fault("ports", str(error), f"choose another by {named_by}")
            if not _is_ours(holder, store):
                says = f"{port} is taken by process {holder.pid} ({' '.join(holder.cmdline())[:80]})"
                return fault("ports", says, f"end it, or choose another by {named_by}")
            told.append(f"{port} is this service's")
    return well("ports", "; ".join(told) or "a free one is taken at start")


def _holder(port: int) -> psutil.Process | None:
    """Who listens on a port, as far as this user may see."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            return psutil.Process(connection.pid)
    return None


def _is_ours(process: psutil.Process, store: StoreSettings | None) -> bool:
    """Whether a process, or what it started and lent its port to, works on the same store."""
    url = store.url.get_secret_value() if store else None
    try:
        family = [process, *process.children()]
        return url is not None and any(each.environ().get("MMGT_STORE__URL") == url for each in family)
    except psutil.Error:
        return False


def look_at_weights(settings: Settings, is_hashed: bool = False) -> Finding:
    """Whether the preset that will be served has its weights, whole. Args: is_hashed: read every file."""
    preset = preset_to_serve(settings)
    name = PRESETS[preset].weights_name if preset in PRESETS else preset
    folder = settings.weights_folder / name
    if not folder.is_dir():
        if name != DEMO_PRESET:
            return fault(
                "weights", f"{preset} has none in {settings.weights_folder.absolute()}", f"fetch them: {_PULL}"
            )
        packaged = Path(str(files("mmgt_core"))) / "demo_weights"
        damage = next(_damage(packaged, is_hashed), None)
        if damage:
            return fault("weights", f"{preset}: {damage}", "install mmgt anew")
        return well("weights", f"{preset}'s own are served; {PUBLISHED_PRESET} takes {_PULL}")
    damage = next(_damage(folder, is_hashed), None)
    if damage:
        return fault("weights", f"{preset}: {damage}", f"make them anew: {_PULL}")
    return well("weights", f"{preset} in {folder}")


def _damage(folder: Path, is_hashed: bool) -> Iterator[str]:
    """What is wrong with a folder of converted weights, by names and sizes, and by contents where these are hashed."""
    try:
        networks = json.loads((folder / WEIGHTS_INDEX).read_text())["networks"]
    except (OSError, ValueError, KeyError, TypeError):
        yield f"{folder / WEIGHTS_INDEX} cannot be read"
        return
    for network, recorded in networks.items():
        path = folder / f"{network}.safetensors"
        try:
            with path.open("rb") as file:
                head_bytes = int.from_bytes(file.read(8), "little")
                head = json.loads(file.read(head_bytes))
            found = file_sha256(path) if is_hashed else recorded
            if found != recorded:
                yield f"{path} has sha256 {found}; {recorded} was recorded"
            end = max((each["data_offsets"][1] for name, each in head.items() if name != "__metadata__"), default=0)
            if path.stat().st_size != 8 + head_bytes + end:
                yield f"{path} has {path.stat().st_size} bytes; {8 + head_bytes + end} are stated in it"
        except (OSError, ValueError, KeyError, TypeError, MemoryError, OverflowError):
            yield f"{path} cannot be read"


def look_at_identity(settings: Settings) -> Finding:
    """Whether videos can be signed so that their marks hold; none is made here."""
    folder = settings.provenance.identity_folder or user_identity_folder()
    given = settings.provenance.certificate_chain_file
    if given is None and not folder.is_dir():
        return well("identity", f"none yet; the first start makes one in {folder}")
    try:
        open_identity(settings)
    except (MMGTError, OSError) as error:
        return fault("identity", str(error), "mend the files that MMGT_PROVENANCE__… name")
    return well("identity", f"signs as {given or folder}")
