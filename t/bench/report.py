"""What the sections of the benchmark print, and what they insist on."""

from rig import fail


def title(text):
    print("\n%s\n%s" % (text, "-" * len(text)), flush=True)


def row(name, *values):
    text = "%-34s" % name + "  ".join("%-24s" % v for v in values)
    print(text.rstrip(), flush=True)


def good(load, what="deliverable"):
    """All were answered, and rightly."""
    if load["wrong"] or load["dropped"] or set(load["codes"]) != {"200"}:
        fail("wrong or lost answers: %s" % load)
    others = {k: v for k, v in load["statuses"].items() if k != what}
    if others:
        fail("not only %s: %s %s" % (what, others, load["reasons"]))
