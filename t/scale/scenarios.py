"""Mail servers, lists and mixes of lists: what t/scale/run asks about.

A limit of a mail server is what is published, or what the common products do by
default; docs/scale.md says where each is from.  Limits that nobody publishes
are left out: then the module's own limits decide."""

import random

# receiver: see smtp.c.  mx: names of MX hosts, which the provider table knows;
# "*" is the domain.  each: addresses of one domain in a list, if there are many
# domains.  hours: how long it is simulated, and how much of that is the
# beginning.  spread: each domain has hosts of its own, so that a list of so
# many addresses is simulated to its end.  learns: the part of the largest budget
# that it has in the mean of these hours.

OWN = "mx.*"

DESTINATIONS = {
    # a few domains with millions of mailboxes
    "gmail": dict(
        receiver="conns=5 messages=50 rtt=40",
        mx="gmail-smtp-in.l.google.com", domain="gmail.com"),
    "outlook-com": dict(
        receiver="conns=5 messages=50 rtt=60",
        mx="eur.olc.protection.outlook.com", domain="outlook.com"),
    "icloud": dict(
        receiver="conns=10 messages=5 rtt=80",
        mx="mx01.mail.icloud.com", domain="icloud.com"),
    "gmx": dict(
        receiver="conns=4 messages=20 rtt=30",
        mx="mx00.gmx.net", domain="gmx.net"),
    "orange": dict(
        receiver="conns=2 rtt=30",
        mx="smtp-in.orange.fr", domain="orange.fr"),
    "isp": dict(
        receiver="conns=50 hard=20 rtt=50",
        mx="mx.isp.test", domain="isp.test", hours=(14, 10), learns=0.6),

    # many companies behind one provider
    "google": dict(
        receiver="conns=50 rtt=40",
        mx="aspmx.l.google.com", each=3),
    "microsoft365": dict(
        receiver="conns=50 rtt=60 tarpit=5000",
        mx="company.mail.protection.outlook.com", each=3),

    # gateways, each with some hosts for all of its customers
    "mimecast": dict(
        receiver="conns=10 messages=100 rtt=40 grey=300 known=5",
        mx="eu-smtp-inbound-1.mimecast.com", each=3, hours=(14, 10)),
    "proofpoint": dict(
        receiver="each=1 conns=50 rtt=60",
        mx="mx0a-*.pphosted.com", each=3, hosts=20000, spread=6000),
    "cisco": dict(
        receiver="each=1 conns=10 rejects=25 ban=3600 rtt=60",
        mx="mx1.*.iphmx.com", each=3, hosts=20000, spread=6000),

    # servers of their own
    "own": dict(
        receiver="each=1 conns=50 hard=20 rtt=60",
        mx=OWN, each=3, hosts=20000, spread=6000),
    "own-grey": dict(
        receiver="each=1 conns=50 hard=20 rtt=60 grey=300 known=5",
        mx=OWN, each=3, hosts=20000, spread=6000),
}

# Shares of a list, by destination.  What is left goes to providers that accept
# every recipient: the module does not ask them.

MIXES = {
    "consumer": {
        "gmail": 0.42, "outlook-com": 0.17, "icloud": 0.06, "gmx": 0.04,
        "orange": 0.02, "isp": 0.03, "google": 0.02, "microsoft365": 0.03,
        "own": 0.03, "own-grey": 0.01},
    "B2B": {
        "microsoft365": 0.38, "google": 0.24, "gmail": 0.05,
        "proofpoint": 0.05, "mimecast": 0.04, "cisco": 0.02,
        "own": 0.16, "own-grey": 0.04},
}

MISSING = (0.02, 0.10, 0.30)

# "isp" stands for so many of about the same size

ALIKE = {"isp": 5}


def world(names):
    """The lines of the world's file with these destinations."""
    lines = []
    for i, name in enumerate(names):
        d = DESTINATIONS[name]
        net = "127.%d.0.1" % (100 + i)
        lines.append("receiver %s %s" % (name, d["receiver"]))
        lines.append("at %s %d %s" % (net, d.get("hosts", 1), name))
        if d["mx"] == OWN:
            lines.append("zone %s.test mx.*" % name)
            lines.append("host %s.test %s %d" % (name, net, d["hosts"]))
        elif "*" in d["mx"]:
            suffix = d["mx"].split("*")[1].lstrip(".")
            lines.append("zone %s.test %s" % (name, d["mx"]))
            lines.append("host %s %s %d" % (suffix, net, d["hosts"]))
        else:
            lines.append("zone %s %s" % (d.get("domain", name + ".test"),
                                         d["mx"]))
            lines.append("host %s %s" % (d["mx"], net))
    return lines


def addresses(name, n, missing, seed, first=0):
    """n addresses of the destination, of which so many do not exist."""
    d = DESTINATIONS[name]
    chance = random.Random("%s %d %f" % (name, seed, missing))
    out = []
    for i in range(first, first + n):
        local = "m" if chance.random() < missing else "v"
        domain = d.get("domain") or "d%d.%s.test" % (i // d["each"], name)
        out.append("%s%d@%s" % (local, i, domain))
    if "domain" not in d:
        chance.shuffle(out)
    return out


def mixed(mix, n, missing, seed):
    """A list of n addresses, without those that are not asked."""
    out = []
    for name, share in MIXES[mix].items():
        out += addresses(name, round(n * share), missing, seed)
    random.Random(seed).shuffle(out)
    return out
