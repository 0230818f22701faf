
/*
 * A reply of any bytes has a class, and never one that its code or its stage
 * forbids.  The first three bytes are stage, code and the length of the
 * enhanced code.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "sv_classify.h"


static sv_rules_t  *rules;


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    rules = sv_rules_default();
    assert(rules != NULL);

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int          mailbox, missing;
    size_t       n;
    sv_class_t   class, again;
    sv_reply_t   reply;

    if (size < 3) {
        return 0;
    }

    memset(&reply, 0, sizeof(sv_reply_t));

    reply.stage = data[0] % (SV_STAGE_RCPT + 1);
    reply.code = 200 + (data[1] & 0x7f) * 400 / 128;
    n = data[2] % 12;
    data += 3;
    size -= 3;

    if (n > size) {
        n = size;
    }

    reply.enhanced.data = (unsigned char *) data;
    reply.enhanced.len = n;
    reply.text.data = (unsigned char *) data + n;
    reply.text.len = size - n;

    sv_classify(rules, &reply, &class);

    assert(class.rule != NULL && class.reason >= SV_ACCEPTED
           && class.reason <= SV_REJECTED);
    assert(class.retry_after <= 86400);
    assert(memchr(class.enhanced, '\0', sizeof(class.enhanced)) != NULL);
    assert(class.enhanced[0] == '\0'
           || (unsigned) class.enhanced[0] == '0' + reply.code / 100);

    missing = (class.reason == SV_MAILBOX_NOT_FOUND
               || class.reason == SV_MAILBOX_DISABLED);
    mailbox = (missing || class.reason == SV_MAILBOX_FULL);

    assert(!missing || reply.code / 100 == 5);
    assert(!mailbox || reply.stage == SV_STAGE_NONE
           || reply.stage == SV_STAGE_RCPT);
    assert((class.reason == SV_ACCEPTED) == (reply.code / 100 == 2));

    sv_classify(rules, &reply, &again);
    assert(again.rule == class.rule && again.reason == class.reason);

    return 0;
}
