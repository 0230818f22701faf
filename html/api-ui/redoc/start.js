/*
 * ReDoc, with the document that this server serves, less the methods that only
 * browsers use.  Its search would need a worker made from a string.
 */

(async () => {
    const top = new URL("../../", location.href);
    const config = await (await fetch(new URL("config.json", top))).json();
    const doc = await (await fetch(new URL(config.openapi, top))).json();

    for (const path of Object.values(doc.paths)) {
        delete path.options;
        delete path.head;
    }

    Redoc.init(doc, { disableSearch: true, hideDownloadButton: true },
               document.getElementById("ui"));
})();
