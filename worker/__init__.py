"""Celery workers that render jobs. Built by a later issue."""
