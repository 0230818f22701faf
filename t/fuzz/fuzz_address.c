
/* An address that is taken is safe to say to a server, and stays the same. */

#include <assert.h>
#include <stdint.h>

#include "sv_address.h"
#include "sv_utf8.h"


static void check_strings(const sv_address_t *addr);
static void check_again(const sv_address_t *addr, sv_address_status_e status);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_address_t         addr;
    sv_address_status_e  status;

    (void) sv_host_name_valid(data, size, 0);

    if (sv_host_name_valid(data, size, 1)) {
        assert(size <= SV_DOMAIN_MAX);
        assert(memchr(data, '.', size) && sv_utf8_valid(data, size));
    }

    status = sv_address_parse(data, size, &addr);

    if (status == SV_ADDRESS_INVALID) {
        assert(addr.error != NULL);
        assert(addr.local.len + addr.domain.len + addr.udomain.len == 0);
        return 0;
    }

    assert(addr.error == NULL);

    check_strings(&addr);
    check_again(&addr, status);

    return 0;
}


static void
check_strings(const sv_address_t *addr)
{
    size_t                i;
    uint32_t              ch;
    unsigned char         c;
    const unsigned char  *p, *end;

    assert(addr->local.len && addr->local.len <= SV_LOCAL_MAX);
    assert(addr->domain.len && addr->domain.len <= SV_DOMAIN_MAX);
    assert(addr->udomain.len && addr->udomain.len <= SV_UDOMAIN_MAX);
    assert(addr->local.len + 1 + addr->domain.len <= SV_ADDRESS_MAX);
    assert(addr->quoted == (addr->local.data[0] == '"'));

    p = addr->local.data;
    end = p + addr->local.len;
    ch = 0;

    while (p < end) {
        ch = sv_utf8_decode(&p, end);

        assert(ch != SV_UTF8_BAD && !sv_utf8_is_control(ch));
        assert(ch < 0x80 || addr->utf8);
        assert(addr->quoted || (ch != ' ' && ch != '@' && ch != '>'));
    }

    p = addr->udomain.data;
    end = p + addr->udomain.len;

    while (p < end) {
        ch = sv_utf8_decode(&p, end);

        assert(ch != SV_UTF8_BAD && !sv_utf8_is_control(ch) && ch != ' ');
    }

    for (i = 0; i < addr->domain.len; i++) {
        c = addr->domain.data[i];

        assert(c > ' ' && c < 0x7f);

        if (addr->domain.data[0] != '[') {
            assert(c == '-' || c == '.' || sv_is_digit(c)
                   || (c >= 'a' && c <= 'z'));
        }
    }
}


static void
check_again(const sv_address_t *addr, sv_address_status_e status)
{
    size_t         n;
    sv_address_t   again;
    unsigned char  text[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];

    n = addr->local.len;

    memcpy(text, addr->local.data, n);
    text[n++] = '@';
    memcpy(text + n, addr->domain.data, addr->domain.len);

    assert(sv_address_parse(text, n + addr->domain.len, &again) == status);

    assert(again.local.len == addr->local.len
           && memcmp(again.local.data, text, again.local.len) == 0);
    assert(again.domain.len == addr->domain.len
           && memcmp(again.domain.data, text + n, again.domain.len) == 0);
    assert(again.udomain.len == addr->udomain.len
           && memcmp(again.udomain.data, addr->udomain.data,
                     again.udomain.len) == 0);
    assert(again.quoted == addr->quoted && again.utf8 == addr->utf8);

    /* what is shown leads to the same domain */

    memcpy(text + n, addr->udomain.data, addr->udomain.len);

    assert(sv_address_parse(text, n + addr->udomain.len, &again) == status);
    assert(again.domain.len == addr->domain.len
           && memcmp(again.domain.data, addr->domain.data,
                     addr->domain.len) == 0);
}
