// Addresses are absolute because the same page is served as /api/docs and as /api-docs/.
window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null, // the default asks a server on the internet
  // The session cookie is refused on changing requests that do not carry this header.
  requestInterceptor: (request) => {
    request.headers["X-Anodewatch"] = "1";
    return request;
  },
});
