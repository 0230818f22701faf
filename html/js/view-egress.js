import { pageHead, busy } from "./components.js";
import { append } from "./dom.js";

export const title = "Egress audit";


export function mount(root, ctx) {
    append(root, pageHead(title));
}
