"""From batches to one transaction each: the agent is run, its rows and messages are packed and committed."""
