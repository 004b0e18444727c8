"""Which form of object storage the settings ask for."""

from jobs.local_storage import LocalStorage
from jobs.s3_storage import S3Storage
from jobs.settings import Settings
from jobs.storage import ObjectStorage


def open_storage(settings: Settings) -> ObjectStorage:
    """Return the storage that the settings name."""
    if settings.storage.kind == "s3":
        return S3Storage(settings.storage)
    return LocalStorage(settings.objects_folder)
