"""Which form of object storage the settings ask for."""

from importlib import import_module

from jobs.local_storage import LocalStorage
from jobs.settings import Settings
from jobs.storage import ObjectStorage

S3_MODULE = "jobs.s3_storage"
"""Imported by name: its library is of no use to a folder."""


def open_storage(settings: Settings) -> ObjectStorage:
    """Return the storage that the settings name."""
    if settings.storage.kind == "s3":
        s3: ObjectStorage = import_module(S3_MODULE).S3Storage(settings.storage)
        return s3
    return LocalStorage(settings.objects_folder)
