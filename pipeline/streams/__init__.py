"""The stream layer: what makes Faust fast and safe. The only room that knows Faust's and aiokafka's private parts.

A batch's way:
    reading/   the thread fetches Kafka's batches; the consumer hands each over as one Faust event, along its chain
    work/      a lane runs the agent over it, packs what it wants, and commits all of it in one transaction
    state/     the rows that changed are written; after a crash or a rebalance they come back from the changelog

agent.py is what an agent sees, testing.py how it is tested, app.py how a worker is run; job.py ties the rest together.
member.py is for those who read without an agent.
"""
