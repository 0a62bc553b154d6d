"""Carriers that tell themselves: scans of tracking numbers."""
