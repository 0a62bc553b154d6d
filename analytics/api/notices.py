"""Notices: an inbox to read, and a stream that tells of what comes."""

from fastapi import APIRouter

router = APIRouter()
