"""The HTTP API: REST, live stream, authentication, health and metrics; OpenAPI is the contract."""
