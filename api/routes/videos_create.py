"""Routes that are not here yet."""

from fastapi import APIRouter

router = APIRouter()
