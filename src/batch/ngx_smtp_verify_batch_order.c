
#include "ngx_smtp_verify_batch.h"
#include "sv_wipe.h"


void
ngx_smtp_verify_batch_emit(ngx_smtp_verify_batch_t *b, int64_t index,
    u_char *data, size_t len)
{
    ngx_str_t  *slot;

    if (!b->ordered || index < 0) {
        b->sink->write(b, data, len);
        return;
    }

    if ((uint64_t) index != b->emit) {
        slot = &b->window[index % b->limits.window];

        slot->data = ngx_alloc(len, b->log);
        if (slot->data == NULL) {
            b->failed = 1;
            return;
        }

        ngx_memcpy(slot->data, data, len);
        slot->len = len;
        return;
    }

    b->sink->write(b, data, len);

    for ( ;; ) {
        b->emit++;
        slot = &b->window[b->emit % b->limits.window];

        if (slot->data == NULL) {
            return;
        }

        b->sink->write(b, slot->data, slot->len);

        sv_wipe_free(slot->data);
        slot->data = NULL;
    }
}


void
ngx_smtp_verify_batch_order_free(ngx_smtp_verify_batch_t *b)
{
    ngx_uint_t  i;

    for (i = 0; b->window && i < b->limits.window; i++) {
        if (b->window[i].data) {
            sv_wipe_free(b->window[i].data);
            b->window[i].data = NULL;
        }
    }
}
