"""Make the bucket of a compose installation; it may be there already."""

from jobs.s3_storage import S3Storage
from jobs.settings import Settings

if __name__ == "__main__":
    storage = S3Storage(Settings().storage)
    storage.make_bucket()
    storage.check()
