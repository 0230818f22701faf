
/*
 * RESP2, the protocol of Valkey and Redis, by hiredis' reader and formatter.
 * Whatever the server sends is hostile: a reply that is larger than the bounds
 * below, or of a type that RESP2 does not have, is an error, after which the
 * connection has to be closed.
 */


#ifndef _SV_RESP_H_INCLUDED_
#define _SV_RESP_H_INCLUDED_


#include <stddef.h>


#define SV_RESP_SIZE    (256 * 1024)    /* octets of a reply */
#define SV_RESP_VALUES  4096            /* values in a reply, arrays too */
#define SV_RESP_DEPTH   8               /* arrays that a value may be within */


typedef enum {
    sv_resp_nil = 0,
    sv_resp_string,
    sv_resp_status,
    sv_resp_error,
    sv_resp_integer,
    sv_resp_array
} sv_resp_type_e;


typedef struct sv_resp_value_s  sv_resp_value_t;

struct sv_resp_value_s {
    sv_resp_type_e      type;
    long long           integer;
    size_t              len;        /* octets, or elements of an array */
    char               *str;        /* ends with a zero */
    sv_resp_value_t   **elements;   /* each may be NULL while it is read */
};


typedef struct sv_resp_s  sv_resp_t;


/* Returns NULL if there is no memory. */
sv_resp_t *sv_resp_create(void);
void sv_resp_free(sv_resp_t *resp);

/* Adds what was received.  Returns 0, or -1 if the connection has to be
   closed. */
int sv_resp_feed(sv_resp_t *resp, const char *data, size_t len);

/* Returns 0 and sets *value to the next reply, or to NULL if it is not complete
   yet; -1 if the connection has to be closed. */
int sv_resp_next(sv_resp_t *resp, sv_resp_value_t **value);
void sv_resp_value_free(sv_resp_value_t *value);

/* The element of an array, or NULL if there is none of this type. */
sv_resp_value_t *sv_resp_element(sv_resp_value_t *value, size_t i,
    sv_resp_type_e type);

/* What an error says about the server, NULL if it is about the command alone.
   *fatal: the server is of no use as long as this is so. */
const char *sv_resp_trouble(const sv_resp_value_t *error, int *fatal);

/* Returns the length of the command, and sets *command to memory that
   sv_resp_format_free() frees; -1 if there is no memory. */
long sv_resp_format(char **command, int argc, const char **argv,
    const size_t *len);
void sv_resp_format_free(char *command);


#endif /* _SV_RESP_H_INCLUDED_ */
