"""HTTP: parse, authorise, call one function of the domain, shape the answer.

`app` puts it together; `comments`, `endpoints`, `policies` and `operations` are the routes; `bodies` reads what was
sent, `callers` says who sent it, `problems` shapes what went wrong; `doorbell` tells the workers; `openapi` documents.
"""
