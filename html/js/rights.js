/* what the token may do, so that nothing is offered that is refused */

/*
 * { admin: true, false, why: a sentence where it is false }.  The server says
 * so by smtp_verify_usage; where it does not, a token may try.
 */

export async function may(api, signal) {
    const without = "Actions need a token with the right admin.";

    if (!api.has("usage")) {
        return { admin: api.token !== "", why: without };
    }

    try {
        const usage = await api.json("usage", { signal });

        return { admin: usage.admin === true, why: without };

    } catch (error) {
        if (error.code === "not_served") {
            return { admin: api.token !== "", why: without };
        }

        if (error.code === "no_client") {
            return { admin: false, why: "Actions need tokens: this server asks "
                                        + "for none." };
        }

        throw error;
    }
}
