/* the shell: pages by hash, navigation, theme, token */

import { h, replace } from "./dom.js";
import { Api } from "./api.js";
import { problem, segments } from "./components.js";

/* each page with the parts of the API that it needs one of */

const PAGES = [
    ["Verify", [["address", "Address", ["verify"]],
                ["list", "List", ["batch", "jobs"]],
                ["jobs", "Jobs", ["jobs"]]]],
    ["Operate", [["egress", "Egress audit", ["health"]],
                 ["destinations", "Destinations", ["status"]],
                 ["metrics", "Metrics", ["metrics"]]]],
    ["Help", [["reasons", "Reasons", null], ["api", "API", ["openapi"]]]],
];

const NAMES = PAGES.flatMap(([, pages]) => pages.map(([name]) => name));
const THEME = "smtp-verify.theme";

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const menu = document.getElementById("menu-button");

let api = null;
let unmount = null;
let turn = 0;


/* "#/jobs/ID?x=1" -> the name of the page, what follows it, the parameters */

function route() {
    const [path, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
    const [name, ...rest] = path.split("/").map(part => {
        try {
            return decodeURIComponent(part);

        } catch (e) {
            return part;
        }
    });

    return { name: NAMES.includes(name) ? name : "address",
             path: rest, params: new URLSearchParams(query || "") };
}


async function show(moved) {
    const { name, path, params } = route();
    const mine = ++turn;

    closeMenu();

    for (const link of nav.querySelectorAll("a[data-page]")) {
        if (link.dataset.page === name) {
            link.setAttribute("aria-current", "page");

        } else {
            link.removeAttribute("aria-current");
        }
    }

    let view;

    try {
        view = await import(`./view-${name}.js`);

    } catch (e) {
        view = { title: "Not loaded", mount: root => root.append(problem({
            title: "This page could not be loaded",
            message: "Reload the console. If that does not help, its files are "
                     + "not complete on the server." })) };
    }

    if (mine !== turn) {
        return;
    }

    if (unmount) {
        unmount();
    }

    const root = h("div.page");

    replace(main, root);
    document.title = `${view.title} \u2013 ${api.config.title || "smtp-verify"}`;

    unmount = view.mount(root, {
        api, path, params,
        config: api.config,
        go: hash => { location.hash = hash; },
    }) || null;

    if (moved) {
        window.scrollTo(0, 0);

        /* unless the page has a better place */

        if (!root.contains(document.activeElement)) {
            (root.querySelector("h1") || main).focus({ preventScroll: true });
        }
    }
}


function closeMenu() {
    nav.classList.remove("open");
    menu.setAttribute("aria-expanded", "false");
}


function theme() {
    return document.documentElement.dataset.theme || "auto";
}


function setTheme(value) {
    if (value === "auto") {
        delete document.documentElement.dataset.theme;

    } else {
        document.documentElement.dataset.theme = value;
    }

    try {
        if (value === "auto") {
            localStorage.removeItem(THEME);

        } else {
            localStorage.setItem(THEME, value);
        }

    } catch (e) {
        /* it holds until the page is closed */
    }
}


function navigation() {
    const token = h("button.link", { type: "button",
        onclick: () => askToken(null) });

    const label = () => {
        token.textContent = api.token ? "Change the token" : "Enter a token";
    };

    label();
    window.addEventListener("tokenchange", label);

    const served = PAGES.map(([title, pages]) => [title,
        pages.filter(([, , parts]) => !parts || parts.some(part =>
            api.has(part)))]);

    replace(nav,
        served.filter(([, pages]) => pages.length).map(([title, pages]) =>
            h("section",
              h("h2", title),
              h("ul", pages.map(([name, text]) => h("li",
                  h("a", { href: `#/${name}`, dataset: { page: name } },
                    text)))))),
        h("div.nav-foot",
            segments("Theme", [["auto", "Auto"], ["light", "Light"],
                               ["dark", "Dark"]], theme(), setTheme),
            token));
}


/* resolves to whether there is a token now */

function askToken(error) {
    const dialog = document.getElementById("token-dialog");
    const form = document.getElementById("token-form");
    const input = document.getElementById("token-input");
    const forget = document.getElementById("token-forget");

    document.getElementById("token-why").textContent =
        !error ? "Requests carry it in the header Authorization."
        : error.code === "invalid_token"
            ? "The server does not know this token, or it was revoked."
            : "This server answers only to clients with a token.";

    input.value = "";
    forget.hidden = !api.token;

    return new Promise(resolve => {
        let given = false;

        form.onsubmit = event => {
            event.preventDefault();

            const value = input.value.trim();

            if (value === "") {
                return;
            }

            given = true;
            api.token = value;
            dialog.close();
        };

        forget.onclick = () => {
            api.token = "";
            dialog.close();
        };

        document.getElementById("token-cancel").onclick = () => dialog.close();

        dialog.onclose = () => {
            input.value = "";
            resolve(given);
        };

        dialog.showModal();
        input.focus();
    });
}


async function start() {
    let config;

    try {
        const answer = await fetch("config.json", { cache: "no-cache" });

        config = await answer.json();

    } catch (e) {
        replace(main, problem({ title: "The console is not complete",
            message: "config.json, which names the locations of the API, "
                     + "cannot be read." }));
        return;
    }

    api = new Api(config);
    api.askToken = askToken;

    navigation();

    menu.onclick = () => {
        const open = nav.classList.toggle("open");

        menu.setAttribute("aria-expanded", String(open));
    };

    document.addEventListener("keydown", event => {
        if (event.key === "Escape") {
            closeMenu();
        }
    });

    /* the hash is the router's */

    document.getElementById("skip").onclick = event => {
        event.preventDefault();
        main.focus();
    };

    window.addEventListener("hashchange", () => show(true));
    await show(false);
}


start();
