"""MemSync for models: the tools of the Model Context Protocol, served at `/mcp`.

    caller       who calls, and for whom when a call does not say
    arguments    what each tool takes: its JSON schema and its checks
    tools        what each tool does, by the services that the REST routes call
    forgetting   the one that asks to be confirmed
    definitions  the tools as a client lists them
    server       the official package's server: lists tools, calls them, words their errors
    http         one HTTP request through it

The package takes half a second and 28 MB to import, so nothing but `memories.api.mcp` leads here,
and that on its first request.
"""
