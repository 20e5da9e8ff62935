"""Send what is owed: claim, compose, send, write down what came back.

Comes after `events`, which wrote the rows. At least once: a worker that dies after sending sends again, under the same
`webhook-id`, by which the receiver knows it. `delivering` does it all, in this order: `claiming`, `composing`,
`sending`, `recording`; `slow_lane` sees to it that slow endpoints leave threads to the others.
"""
