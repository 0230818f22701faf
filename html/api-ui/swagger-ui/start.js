/* Swagger UI, with the document that this server serves */

(async () => {
    const top = new URL("../../", location.href);
    const config = await (await fetch(new URL("config.json", top))).json();

    SwaggerUIBundle({
        url: new URL(config.openapi, top).href,
        dom_id: "#ui",
        validatorUrl: null,             /* nothing leaves this server */
        deepLinking: true,
    });
})();
