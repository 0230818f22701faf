
#include <string.h>

#include "sv_org.h"


static size_t sv_org_label(const unsigned char *name, size_t end);
static int sv_org_is_shared(const unsigned char *label, size_t len);


/* second-level domains below which registries of countries register names */

static const char  *sv_org_shared[] = {
    "ac", "co", "com", "edu", "gob", "gouv", "gov", "gv", "ltd", "mil", "ne",
    "net", "nom", "or", "org", "plc", "sch"
};


size_t
sv_org_domain(const unsigned char *name, size_t len)
{
    size_t  last, second;

    last = sv_org_label(name, len);

    if (last == 0) {
        return 0;
    }

    second = sv_org_label(name, last - 1);

    if (second && len - last == 2
        && sv_org_is_shared(name + second, last - 1 - second))
    {
        return sv_org_label(name, second - 1);
    }

    return second;
}


/* Returns where the label begins that ends at "end". */

static size_t
sv_org_label(const unsigned char *name, size_t end)
{
    while (end && name[end - 1] != '.') {
        end--;
    }

    return end;
}


static int
sv_org_is_shared(const unsigned char *label, size_t len)
{
    size_t  i;

    for (i = 0; i < sizeof(sv_org_shared) / sizeof(sv_org_shared[0]); i++) {
        if (strlen(sv_org_shared[i]) == len
            && memcmp(sv_org_shared[i], label, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
