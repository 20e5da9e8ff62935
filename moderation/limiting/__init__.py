"""How often one may ask: sliding windows per key, visitor, network, author and site.

`windows` counts in this process, `shared` adds up what all processes counted, through Redis; while Redis is away each
process goes on with what it knows. Requests never wait for it. What is too much is in the settings (`limits`).
"""
