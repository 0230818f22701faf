
#include "sv_resp.h"

#include <hiredis/hiredis.h>

#include <stdlib.h>
#include <string.h>


/* hiredis 1.0 counts elements in another type, and knows RESP3 */

#if (HIREDIS_MAJOR >= 1)
typedef size_t  sv_resp_count_t;
#else
typedef int     sv_resp_count_t;
#endif


/* errors by the word that they begin with; those of ACLs in a script have
   none */

static const struct {
    const char  *begins;
    const char  *trouble;
    int          fatal;
} sv_resp_troubles[] = {
    { "READONLY ", "it is a replica", 1 },
    { "MASTERDOWN ", "it is a replica without its primary", 1 },
    { "LOADING ", "it is still loading its data", 1 },
    { "NOAUTH ", "it wants a password", 1 },
    { "WRONGPASS ", "it refuses the user or password", 1 },
    { "ERR AUTH ", "it has no password for the default user", 1 },
    { "ERR max number of clients", "it has too many clients", 1 },
    { "DENIED ", "it is in protected mode", 1 },
    { "NOSCRIPT ", "it has lost its scripts", 1 },
    { "NOREPLICAS ", "it has too few replicas to take anything", 1 },
    { "MISCONF ", "it cannot save its data, and takes nothing", 1 },
    { "BUSY ", "a script keeps it busy", 1 },
    { "MOVED ", "it is a node of a cluster that lacks the fleet's slot", 1 },
    { "ASK ", "its cluster is moving the fleet's slot", 1 },
    { "TRYAGAIN ", "its cluster is moving the fleet's slot", 1 },
    { "CLUSTERDOWN ", "its cluster is down", 1 },
    { "CROSSSLOT ", "it is a cluster, and the prefix has no braces", 1 },
    { "ERR unknown command", "it lacks a command that is needed", 1 },
    { "NOPERM ", "the user may not do all that is needed", 0 },
    { "ERR ACL failure", "the user may not do all that is needed", 0 },
    { "ERR The user executing the script",
      "the user may not do all that is needed", 0 }
};


struct sv_resp_s {
    redisReader  *reader;
    size_t        size;         /* octets of the reply that is being read */
    size_t        values;       /* values in it */
};


static sv_resp_value_t *sv_resp_value(const redisReadTask *task,
    sv_resp_type_e type, size_t len);
static size_t sv_resp_depth(const redisReadTask *task);
static void *sv_resp_string_object(const redisReadTask *task, char *str,
    size_t len);
static void *sv_resp_array_object(const redisReadTask *task,
    sv_resp_count_t elements);
static void *sv_resp_integer_object(const redisReadTask *task,
    long long integer);
static void *sv_resp_nil_object(const redisReadTask *task);
static void sv_resp_free_object(void *object);


#if (HIREDIS_MAJOR >= 1)

static void *sv_resp_double_object(const redisReadTask *task, double number,
    char *str, size_t len);
static void *sv_resp_bool_object(const redisReadTask *task, int bval);

#endif


static redisReplyObjectFunctions  sv_resp_functions = {
    .createString = sv_resp_string_object,
    .createArray = sv_resp_array_object,
    .createInteger = sv_resp_integer_object,
#if (HIREDIS_MAJOR >= 1)
    .createDouble = sv_resp_double_object,
    .createBool = sv_resp_bool_object,
#endif
    .createNil = sv_resp_nil_object,
    .freeObject = sv_resp_free_object
};


sv_resp_t *
sv_resp_create(void)
{
    sv_resp_t  *resp;

    resp = calloc(1, sizeof(sv_resp_t));
    if (resp == NULL) {
        return NULL;
    }

    resp->reader = redisReaderCreateWithFunctions(&sv_resp_functions);

    if (resp->reader == NULL) {
        free(resp);
        return NULL;
    }

    resp->reader->privdata = resp;

    return resp;
}


void
sv_resp_free(sv_resp_t *resp)
{
    if (resp) {
        redisReaderFree(resp->reader);
        free(resp);
    }
}


/* The reader keeps what it has not parsed yet, for any length that a reply
   announces.  We keep no more than one reply, and what was read with it. */

int
sv_resp_feed(sv_resp_t *resp, const char *data, size_t len)
{
    if (resp->reader->len - resp->reader->pos + len > 2 * SV_RESP_SIZE) {
        return -1;
    }

    return redisReaderFeed(resp->reader, data, len) == REDIS_OK ? 0 : -1;
}


int
sv_resp_next(sv_resp_t *resp, sv_resp_value_t **value)
{
    void  *reply;

    reply = NULL;
    *value = NULL;

    if (redisReaderGetReply(resp->reader, &reply) != REDIS_OK) {
        return -1;
    }

    if (reply == NULL) {
        return resp->reader->len - resp->reader->pos > SV_RESP_SIZE ? -1 : 0;
    }

    *value = reply;
    resp->size = 0;
    resp->values = 0;

    return 0;
}


void
sv_resp_value_free(sv_resp_value_t *value)
{
    sv_resp_free_object(value);
}


sv_resp_value_t *
sv_resp_element(sv_resp_value_t *value, size_t i, sv_resp_type_e type)
{
    if (value == NULL
        || value->type != sv_resp_array
        || i >= value->len
        || value->elements[i] == NULL
        || value->elements[i]->type != type)
    {
        return NULL;
    }

    return value->elements[i];
}


const char *
sv_resp_trouble(const sv_resp_value_t *error, int *fatal)
{
    size_t  i, n;

    n = sizeof(sv_resp_troubles) / sizeof(sv_resp_troubles[0]);

    for (i = 0; i < n; i++) {
        if (strncmp(error->str, sv_resp_troubles[i].begins,
                    strlen(sv_resp_troubles[i].begins))
            == 0)
        {
            *fatal = sv_resp_troubles[i].fatal;
            return sv_resp_troubles[i].trouble;
        }
    }

    *fatal = 0;

    return NULL;
}


long
sv_resp_format(char **command, int argc, const char **argv, const size_t *len)
{
    return (long) redisFormatCommandArgv(command, argc, argv, len);
}


void
sv_resp_format_free(char *command)
{
    redisFreeCommand(command);
}


/* Allocates a value with "len" octets after it, and adds it to its array.
   Returns NULL if the reply is too large; the reader gives up then. */

static sv_resp_value_t *
sv_resp_value(const redisReadTask *task, sv_resp_type_e type, size_t len)
{
    sv_resp_t        *resp;
    sv_resp_value_t  *value, *parent;

    resp = task->privdata;

    resp->size += len;
    resp->values++;

    if (len > SV_RESP_SIZE
        || resp->size > SV_RESP_SIZE
        || resp->values > SV_RESP_VALUES
        || sv_resp_depth(task) > SV_RESP_DEPTH)
    {
        return NULL;
    }

    value = calloc(1, sizeof(sv_resp_value_t) + len);
    if (value == NULL) {
        return NULL;
    }

    value->type = type;

    if (task->parent) {
        parent = task->parent->obj;
        parent->elements[task->idx] = value;
    }

    return value;
}


/* hiredis has a bound of its own until 0.14, and none since 1.0.  A value is
   freed by recursion. */

static size_t
sv_resp_depth(const redisReadTask *task)
{
    size_t  depth;

    for (depth = 0; task->parent && depth <= SV_RESP_DEPTH; depth++) {
        task = task->parent;
    }

    return depth;
}


static void *
sv_resp_string_object(const redisReadTask *task, char *str, size_t len)
{
    sv_resp_type_e    type;
    sv_resp_value_t  *value;

    switch (task->type) {

    case REDIS_REPLY_STRING:
        type = sv_resp_string;
        break;

    case REDIS_REPLY_STATUS:
        type = sv_resp_status;
        break;

    case REDIS_REPLY_ERROR:
        type = sv_resp_error;
        break;

    default:
        return NULL;
    }

    value = sv_resp_value(task, type, len + 1);

    if (value) {
        value->len = len;
        value->str = (char *) (value + 1);
        memcpy(value->str, str, len);
    }

    return value;
}


static void *
sv_resp_array_object(const redisReadTask *task, sv_resp_count_t elements)
{
    sv_resp_value_t  *value;

    if (task->type != REDIS_REPLY_ARRAY
        || (size_t) elements > SV_RESP_VALUES)
    {
        return NULL;
    }

    value = sv_resp_value(task, sv_resp_array,
                          (size_t) elements * sizeof(sv_resp_value_t *));

    if (value) {
        value->len = (size_t) elements;
        value->elements = (sv_resp_value_t **) (value + 1);
    }

    return value;
}


static void *
sv_resp_integer_object(const redisReadTask *task, long long integer)
{
    sv_resp_value_t  *value;

    value = sv_resp_value(task, sv_resp_integer, 0);

    if (value) {
        value->integer = integer;
    }

    return value;
}


static void *
sv_resp_nil_object(const redisReadTask *task)
{
    return sv_resp_value(task, sv_resp_nil, 0);
}


#if (HIREDIS_MAJOR >= 1)

/* types of RESP3, which was not asked for */

static void *
sv_resp_double_object(const redisReadTask *task, double number, char *str,
    size_t len)
{
    (void) task;
    (void) number;
    (void) str;
    (void) len;

    return NULL;
}


static void *
sv_resp_bool_object(const redisReadTask *task, int bval)
{
    (void) task;
    (void) bval;

    return NULL;
}

#endif


static void
sv_resp_free_object(void *object)
{
    size_t            i;
    sv_resp_value_t  *value;

    value = object;

    if (value == NULL) {
        return;
    }

    if (value->type == sv_resp_array) {
        for (i = 0; i < value->len; i++) {
            sv_resp_free_object(value->elements[i]);
        }
    }

    free(value);
}
