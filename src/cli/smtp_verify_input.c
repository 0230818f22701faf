
/*
 * The records of a list.  They are found by the reader that the server has,
 * so that both count them alike, whatever is sent of them and when.
 */


#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "smtp_verify.h"


#define SV_CLIENT_RECORD   65536
#define SV_CLIENT_COLUMN1  "column1"


typedef struct {
    const char             *name;       /* of --input */
    sv_records_format_e     format;
    const char             *type;
    const char             *suffixes;   /* of files */
} sv_client_format_t;


static int sv_client_input_map(sv_client_input_t *in, int fd);
static int sv_client_input_read(sv_client_input_t *in, int fd);
static void sv_client_input_format(sv_client_input_t *in, const char *name,
    const sv_client_options_t *options);
static const sv_client_format_t *sv_client_format(const char *word,
    size_t len, int suffix);
static const char *sv_client_input_guess(const sv_client_input_t *in);
static int sv_client_input_columns(sv_client_input_t *in, sv_records_t *rs,
    const sv_client_options_t *options);
static int sv_client_input_scan(sv_client_input_t *in, sv_records_t *rs);
static int sv_client_input_add(sv_client_input_t *in, size_t *size,
    const sv_record_t *rec);


static const sv_client_format_t  sv_client_formats[] = {
    { "csv",    SV_RECORDS_CSV,    "text/csv",             "csv tsv tab" },
    { "lines",  SV_RECORDS_LINES,  "text/plain",           "txt lst list" },
    { "ndjson", SV_RECORDS_NDJSON, "application/x-ndjson", "ndjson jsonl" },
    { "json",   SV_RECORDS_JSON,   "application/x-ndjson", "json" }
};

#define SV_CLIENT_FORMATS                                                     \
    (sizeof(sv_client_formats) / sizeof(sv_client_format_t))


int
sv_client_input_open(sv_client_input_t *in, const char *name,
    const sv_client_options_t *options)
{
    int           fd, rc;
    sv_records_t  rs;

    memset(in, 0, sizeof(sv_client_input_t));
    memset(&rs, 0, sizeof(sv_records_t));

    fd = strcmp(name, "-") ? open(name, O_RDONLY) : STDIN_FILENO;

    if (fd == -1 || sv_client_input_map(in, fd) != 0) {
        fprintf(stderr, "%s: %s\n", name, strerror(errno));

        if (fd > STDIN_FILENO) {
            (void) close(fd);
        }

        return -1;
    }

    if (fd != STDIN_FILENO) {
        (void) close(fd);
    }

    rs.size = SV_CLIENT_RECORD;
    rs.buf = malloc(SV_RECORDS_MEM(SV_CLIENT_RECORD));

    rc = -1;

    if (rs.buf == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");

    } else {
        sv_client_input_format(in, name, options);
        rs.format = in->format;

        if (sv_client_input_columns(in, &rs, options) == 0) {
            rc = sv_client_input_scan(in, &rs);
        }

        if (rc != 0) {
            fprintf(stderr, "%s: %s\n", name, in->detail);
        }
    }

    free(rs.buf);

    return rc;
}


void
sv_client_input_close(sv_client_input_t *in)
{
    if (in->mapped) {
        (void) munmap(in->data, in->len);

    } else {
        free(in->data);
    }

    free(in->offsets);
    free(in->flags);
}


static int
sv_client_input_map(sv_client_input_t *in, int fd)
{
    void         *data;
    struct stat   st;

    if (fstat(fd, &st) != 0) {
        return -1;
    }

    if (!S_ISREG(st.st_mode)) {
        return sv_client_input_read(in, fd);
    }

    if (st.st_size == 0) {
        return 0;
    }

    data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        return -1;
    }

    in->data = data;
    in->len = st.st_size;
    in->mapped = 1;

    return 0;
}


/* what comes by a pipe stays in memory: a file would have its addresses */

static int
sv_client_input_read(sv_client_input_t *in, int fd)
{
    char     *more;
    size_t    size;
    ssize_t   n;

    size = 0;

    do {
        if (in->len == size) {
            size = size ? size * 2 : 65536;

            more = realloc(in->data, size);
            if (more == NULL) {
                errno = ENOMEM;
                return -1;
            }

            in->data = more;
        }

        n = read(fd, in->data + in->len, size - in->len);

        if (n > 0) {
            in->len += n;
        }

    } while (n > 0 || (n == -1 && errno == EINTR && !sv_client_stopped));

    return n == 0 ? 0 : -1;
}


static void
sv_client_input_format(sv_client_input_t *in, const char *name,
    const sv_client_options_t *options)
{
    const char                *dot, *word;
    const sv_client_format_t  *format;

    format = NULL;

    if (options->input) {
        format = sv_client_format(options->input, strlen(options->input), 0);
    }

    dot = strrchr(name, '.');

    if (format == NULL && dot && strchr(dot, '/') == NULL) {
        format = sv_client_format(dot + 1, strlen(dot + 1), 1);
    }

    if (format == NULL) {
        word = sv_client_input_guess(in);
        format = sv_client_format(word, strlen(word), 0);
    }

    in->format = format->format;
    in->type = format->type;
    in->suffix = format->format == SV_RECORDS_CSV ? "csv" : "ndjson";
}


int
sv_client_is_input(const char *name)
{
    return sv_client_format(name, strlen(name), 0) != NULL;
}


static const sv_client_format_t *
sv_client_format(const char *word, size_t len, int suffix)
{
    size_t       i;
    const char  *p;

    for (i = 0; i < SV_CLIENT_FORMATS; i++) {
        p = suffix ? sv_client_formats[i].suffixes : sv_client_formats[i].name;

        for ( ;; ) {
            if (strcspn(p, " ") == len && strncasecmp(p, word, len) == 0) {
                return &sv_client_formats[i];
            }

            p += strcspn(p, " ");

            if (*p++ == '\0') {
                break;
            }
        }
    }

    return NULL;
}


static const char *
sv_client_input_guess(const sv_client_input_t *in)
{
    size_t  i;

    for (i = 0; i < in->len; i++) {

        switch (in->data[i]) {
        case ' ':
        case '\t':
        case '\r':
        case '\n':
            continue;

        case '[':
            return "json";

        case '{':
            return "ndjson";
        }

        break;
    }

    for ( /* void */ ; i < in->len; i++) {

        if (in->data[i] == '\n') {
            break;
        }

        if (strchr(",;\t|", in->data[i])) {
            return "csv";
        }
    }

    return "lines";
}


static int
sv_client_input_columns(sv_client_input_t *in, sv_records_t *rs,
    const sv_client_options_t *options)
{
    if (options->column) {
        rs->column.data = (unsigned char *) options->column;
        rs->column.len = strlen(options->column);

        if (rs->column.len > SV_RECORDS_NAME_MAX) {
            snprintf(in->detail, SV_CLIENT_DETAIL,
                     "The name of the column is too long.");
            return -1;
        }
    }

    if (options->delimiter) {
        rs->delimiter = sv_client_delimiter(options->delimiter);
    }

    return 0;
}


unsigned char
sv_client_delimiter(const char *word)
{
    size_t             i, n;
    static const char  names[] = "comma,semicolon;tab\tpipe|";

    if (word[0] && word[1] == '\0' && sv_records_may_separate(word[0])) {
        return word[0];
    }

    for (i = 0; names[i]; i += n + 1) {
        n = strcspn(names + i, ",;\t|");

        if (n == strlen(word) && strncmp(names + i, word, n) == 0) {
            return names[i + n];
        }
    }

    return 0;
}


static int
sv_client_input_scan(sv_client_input_t *in, sv_records_t *rs)
{
    size_t                size;
    sv_records_status_e   rc;
    const unsigned char  *p, *last;

    p = (const unsigned char *) in->data;
    last = p + in->len;
    size = 0;

    for ( ;; ) {
        rc = sv_records_next(rs, &p, last, p == last);

        if (rc == SV_RECORDS_DONE) {
            break;
        }

        if (rc == SV_RECORDS_BROKEN) {
            snprintf(in->detail, SV_CLIENT_DETAIL, "%s",
                     rs->rec.detail ? rs->rec.detail : rs->error);
            return -1;
        }

        if (rc == SV_RECORDS_OK
            && sv_client_input_add(in, &size, &rs->rec) != 0)
        {
            return -1;
        }
    }

    in->column = rs->icolumn + 1;
    in->delimiter = rs->delimiter;

    if (in->nrecords == 0) {
        snprintf(in->detail, SV_CLIENT_DETAIL, "The list is empty.");
        return -1;
    }

    in->offsets[in->nrecords] = in->len;
    in->head = rs->format == SV_RECORDS_CSV ? in->offsets[0] : 0;

    return 0;
}


static int
sv_client_input_add(sv_client_input_t *in, size_t *size,
    const sv_record_t *rec)
{
    uint64_t       *offsets;
    unsigned char  *flags;

    /* there is one place more, for the end of the last one */

    if (in->nrecords + 1 >= *size) {
        *size = *size ? *size * 2 : 1024;

        offsets = realloc(in->offsets, *size * sizeof(uint64_t));
        if (offsets) {
            in->offsets = offsets;
        }

        flags = realloc(in->flags, *size);
        if (flags) {
            in->flags = flags;
        }

        if (offsets == NULL || flags == NULL) {
            snprintf(in->detail, SV_CLIENT_DETAIL, "out of memory");
            return -1;
        }
    }

    in->offsets[in->nrecords] = rec->offset;
    in->flags[in->nrecords] = rec->error ? 0 : SV_CLIENT_GOOD;
    in->nrecords++;

    return 0;
}


const char *
sv_client_input_record(const sv_client_input_t *in, size_t i, size_t *len)
{
    size_t       n;
    const char  *p;

    p = in->data + in->offsets[i];
    n = in->offsets[i + 1] - in->offsets[i];

    while (n && strchr(" \t\r\n", p[n - 1]) && p[n - 1] != '\0') {
        n--;
    }

    /* of an array: the comma behind an element, or its end */

    if (in->format == SV_RECORDS_JSON && n
        && (p[n - 1] == ',' || p[n - 1] == ']'))
    {
        n--;

        while (n && strchr(" \t\r\n", p[n - 1]) && p[n - 1] != '\0') {
            n--;
        }
    }

    *len = n;

    return p;
}
