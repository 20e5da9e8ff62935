"""Try a running service on labelled comments and tell what came of each: `moderation demo`.

It stands outside the service like a website does, and talks to it over HTTP alone. In the order of a run:
`credentials` and `rows` are read, the `receiver` opens, `endpoint` asks for webhooks to it, `sending` posts through
`client`, `course` waits for every verdict, `tally` compares what was `observed` with the labels, `report` tells it.
"""
