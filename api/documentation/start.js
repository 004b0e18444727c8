// Starts Swagger UI over this server's schema. A file of its own, since the page's policy runs no inline script.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  validatorUrl: null, // else a host of Swagger's is asked whether the schema is valid
  persistAuthorization: false, // a key that is entered lives as long as the page
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
});
