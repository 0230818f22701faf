import { pageHead, busy } from "./components.js";
import { append } from "./dom.js";

export const title = "Jobs";


export function mount(root, ctx) {
    append(root, pageHead(title));
}
