"""Hypothesis for the agents' tests: nothing is timed, and a failure prints how to see it again."""

from hypothesis import settings

settings.register_profile("agents", deadline=None, print_blob=True)
settings.load_profile("agents")
