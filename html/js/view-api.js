import { pageHead, busy } from "./components.js";
import { append } from "./dom.js";

export const title = "API";


export function mount(root, ctx) {
    append(root, pageHead(title));
}
