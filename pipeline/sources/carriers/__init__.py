"""Carriers and those who speak for them: scans of tracking numbers."""
