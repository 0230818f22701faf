
/*
 * The checks of any address: the forms they write are addresses again, and
 * those of such a form are that form.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "sv_abuse.h"
#include "sv_lists.h"


static void check_states(const sv_checks_t *checks);
static void check_form(const sv_lists_t *lists, const sv_str_t *form,
    int root);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_address_t        addr;
    sv_checks_t         checks;
    sv_rules_error_t    error;

    static sv_lists_t  *lists;
    static const char   traps[] = "trap@example.com\na+b@c.example\nd.test\n";

    if (lists == NULL) {
        lists = sv_lists_default();
        assert(lists != NULL);
        assert(sv_lists_load(lists, SV_LIST_SPAM_TRAP, traps,
                             sizeof(traps) - 1, &error)
               == 0);
    }

    switch (sv_address_parse(data, size, &addr)) {

    case SV_ADDRESS_OK:
        break;

    case SV_ADDRESS_LITERAL:
        memset(&checks, 0xa5, sizeof(checks));
        sv_checks_run(lists, &addr, &checks);
        check_states(&checks);
        return 0;

    default:
        return 0;
    }

    memset(&checks, 0xa5, sizeof(checks));
    sv_checks_run(lists, &addr, &checks);

    check_states(&checks);
    check_form(lists, &checks.normalized, 0);
    check_form(lists, &checks.root, 1);

    if (checks.typo) {
        check_form(lists, &checks.did_you_mean, -1);
    }

    return 0;
}


static void
check_states(const sv_checks_t *checks)
{
    assert(checks->disposable == 0 || checks->disposable == 1);
    assert(checks->free_provider == 0 || checks->free_provider == 1);
    assert(checks->alias_service == 0 || checks->alias_service == 1);
    assert(checks->role_account == 0 || checks->role_account == 1);
    assert(checks->spam_trap == 0 || checks->spam_trap == 1);
    assert(checks->abuse == -1 || checks->abuse == 1);
    assert(checks->gibberish >= -1 && checks->gibberish <= 1);
    assert(checks->typo == (checks->did_you_mean.len != 0));

    assert(!(checks->disposable && checks->free_provider));
    assert(!(checks->disposable && checks->alias_service == 1));
    assert(!(checks->disposable && checks->typo));
    assert((checks->abuse == 1) == sv_abuse_enough(checks->abuse_patterns));
}


static void
check_form(const sv_lists_t *lists, const sv_str_t *form, int root)
{
    unsigned char       *copy;
    sv_address_t         addr;
    sv_checks_t          checks;
    sv_address_status_e  status;

    /* exactly as long, so that a read behind it is seen */

    copy = malloc(form->len);
    assert(copy != NULL);
    memcpy(copy, form->data, form->len);

    status = sv_address_parse(copy, form->len, &addr);
    assert(status == SV_ADDRESS_OK);

    sv_checks_run(lists, &addr, &checks);

    if (root == 1) {
        assert(checks.root.len == form->len);
        assert(memcmp(checks.root.data, copy, form->len) == 0);

    } else if (root == 0) {
        assert(checks.normalized.len == form->len);
        assert(memcmp(checks.normalized.data, copy, form->len) == 0);

    } else {
        assert(checks.typo == 0);
    }

    free(copy);
}
