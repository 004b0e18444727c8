// Starts Swagger UI over this server's schema. A file of its own, since the page's policy runs no inline script.
const schema = await (await fetch("openapi.json")).json();

// Swagger UI fills a form with made-up values of every field, which the server then refuses. An empty field is not sent.
const EMPTY = { array: [], object: {} };
for (const path of Object.values(schema.paths)) {
  for (const operation of Object.values(path)) {
    const form = operation.requestBody?.content["multipart/form-data"]?.schema;
    for (const field of Object.values(form?.properties ?? {})) {
      if (field.format !== "binary") field.example = EMPTY[field.type] ?? "";
    }
  }
}

SwaggerUIBundle({
  spec: schema,
  dom_id: "#api",
  validatorUrl: null, // else a host of Swagger's is asked whether the schema is valid
  persistAuthorization: false, // a key that is entered lives as long as the page
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
});
