/* jobs: all of them, a new one, one of them */

import { all } from "./jobs-all.js";
import { submit } from "./jobs-new.js";
import { one } from "./jobs-one.js";

export const title = "Jobs";


export function mount(root, ctx) {
    const stop = new AbortController();
    const [id] = ctx.path;

    if (id === undefined || id === "") {
        all(root, ctx, stop.signal);

    } else if (id === "new") {
        submit(root, ctx, stop.signal);

    } else {
        one(root, ctx, id, stop.signal);
    }

    return () => stop.abort();
}
