
/*
 * The records of a list of addresses: a JSON array, JSON lines, CSV or plain
 * lines.  Bytes come in pieces of any size, records go out one by one, in
 * bounded memory: a record that is wrong or too long is one with an error,
 * and the next one follows.
 */


#ifndef _SV_RECORDS_H_INCLUDED_
#define _SV_RECORDS_H_INCLUDED_


#include <stdint.h>

#include "sv_str.h"


#define SV_RECORDS_EMAIL_MAX   1024
#define SV_RECORDS_FIELDS_MAX  256      /* of a line of CSV */
#define SV_RECORDS_DEPTH_MAX   32       /* of JSON */
#define SV_RECORDS_NAME_MAX    64       /* of the column that is looked for */


typedef enum {
    SV_RECORDS_JSON = 0,
    SV_RECORDS_NDJSON,
    SV_RECORDS_CSV,
    SV_RECORDS_LINES
} sv_records_format_e;


typedef enum {
    SV_RECORDS_AGAIN = 0,   /* all was taken, more is needed */
    SV_RECORDS_OK,          /* there is a record */
    SV_RECORDS_DONE,        /* there are no more */
    SV_RECORDS_BROKEN       /* nothing more can be read, see error */
} sv_records_status_e;


/* valid until more is read */

typedef struct {
    uint64_t                index;
    uint64_t                offset;     /* of its first byte */
    sv_str_t                email;      /* UTF-8, without NUL; may be empty */
    sv_str_t                members;    /* JSON: the others, an object; or
                                           empty */
    const char             *error;      /* a word, or NULL */
    const char             *detail;     /* a sentence */
} sv_record_t;


typedef struct {
    /* given */
    sv_records_format_e     format;
    unsigned char           delimiter;  /* of CSV; 0: a comma */
    sv_str_t                column;     /* of CSV: a name or a number, from 1;
                                           empty: whichever has addresses */
    unsigned char          *buf;        /* SV_RECORDS_MEM(size) */
    size_t                  size;       /* the longest record */

    /* told */
    sv_record_t             rec;
    const char             *error;
    uint64_t                next;       /* how many records there were */
    uint64_t                offset;     /* of the byte that comes next */
    unsigned                ncolumns;   /* of CSV, by its first line */
    unsigned                named;      /* they have names */

    /* private */
    unsigned                state;
    unsigned                depth;
    size_t                  len;        /* in buf */
    size_t                  replay;     /* in buf, to be read again */
    size_t                  replay_end;
    uint64_t                start;      /* offset of buf[0] */
    unsigned                icolumn;
    unsigned                nfields;
    unsigned                begun:1;
    unsigned                first:1;    /* the first line was seen */
    unsigned                too_long:1;
    unsigned                quoted:1;   /* in a string */
    unsigned                escaped:1;
    sv_str_t                fields[SV_RECORDS_FIELDS_MAX];
    sv_str_t                names[SV_RECORDS_FIELDS_MAX];
    unsigned char           email[SV_RECORDS_EMAIL_MAX];
} sv_records_t;


#define SV_RECORDS_MEM(size)  ((size) * 2)


/* zero *rs first and fill in what is given */

/* *pos is moved behind what was taken; at the end, last and empty: eof */
sv_records_status_e sv_records_next(sv_records_t *rs,
    const unsigned char **pos, const unsigned char *last, int eof);

/*
 * What came with the address of the record, as JSON (an object) or as
 * columns of CSV, each with a comma before it.  Returns the length, 0 where
 * there is nothing, size + 1 where it does not fit.
 */
size_t sv_records_input_json(sv_records_t *rs, unsigned char *dst,
    size_t size);
size_t sv_records_input_csv(sv_records_t *rs, unsigned char *dst,
    size_t size);

/* names of these columns, likewise */
size_t sv_records_names_csv(sv_records_t *rs, unsigned char *dst,
    size_t size);

/* one value of CSV, with quotation marks where it needs them, as above; a
   text that is somebody else's must not become a formula: safe */
size_t sv_records_csv_value(unsigned char *dst, size_t size,
    const unsigned char *data, size_t len, int safe);


/* sv_records_json.c: one value; error and email, members are set */
void sv_records_json_value(sv_records_t *rs, unsigned char *text, size_t len);

/* sv_records_csv.c: one line */
sv_records_status_e sv_records_csv_line(sv_records_t *rs,
    unsigned char *text, size_t len);

/* sv_records.c, for those two */
void sv_records_wrong(sv_records_t *rs, const char *error,
    const char *detail);
void sv_records_email(sv_records_t *rs, const unsigned char *data,
    size_t len);


#endif /* _SV_RECORDS_H_INCLUDED_ */
