"""The API as its clients meet it: every answer is held against the OpenAPI document."""
