
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
#define SV_RECORDS_NOTE_MAX    512

#define SV_RECORDS_INPUT       "input_" /* before a name that is taken */
#define SV_RECORDS_NO_RANK     ((unsigned) -1)


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
    unsigned char           delimiter;  /* of CSV; 0: it is guessed */
    sv_str_t                column;     /* of CSV: a name or a number, from 1;
                                           empty: whichever has addresses */
    const char             *taken;      /* names that no column may have in
                                           the output, "a,b"; or NULL */
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
    unsigned                column_number;  /* that is asked for */
    unsigned                begun:1;
    unsigned                first:1;    /* the first line was seen */
    unsigned                too_long:1;
    unsigned                quoted:1;   /* in a string */
    unsigned                escaped:1;
    unsigned                sep:1;      /* what separates was said */
    unsigned                guessed:1;  /* the column was, by its name */
    sv_str_t                fields[SV_RECORDS_FIELDS_MAX];
    sv_str_t                names[SV_RECORDS_FIELDS_MAX];
    unsigned short          nth[SV_RECORDS_FIELDS_MAX];     /* of its name */
    unsigned char           ours[SV_RECORDS_FIELDS_MAX];    /* is taken */
    char                    note[SV_RECORDS_NOTE_MAX];      /* an error */
    unsigned char           email[SV_RECORDS_EMAIL_MAX];
} sv_records_t;


/* a line, and names of columns: from the first one, or "column1" ... */

#define SV_RECORDS_MEM(size)  ((size) * 2 + SV_RECORDS_FIELDS_MAX * 16)


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
   text that is somebody else's must not become a formula in any program,
   whatever separates fields there: safe */
size_t sv_records_csv_value(unsigned char *dst, size_t size,
    const unsigned char *data, size_t len, int safe);


/* errors that several formats have */
extern const char  sv_records_not_utf8[];
extern const char  sv_records_json_sent[];

/* sv_records_json.c: one value; error and email, members are set */
void sv_records_json_value(sv_records_t *rs, unsigned char *text, size_t len);

/* sv_records_csv.c: one line */
sv_records_status_e sv_records_csv_line(sv_records_t *rs,
    unsigned char *text, size_t len);

/* what separates the fields, by the first line; delimiter is set */
void sv_records_guess(sv_records_t *rs, const unsigned char *text,
    size_t len);
int sv_records_sep(sv_records_t *rs, const unsigned char *text, size_t len);
int sv_records_may_separate(unsigned char c);

/* more than an address is in it; first: or names of columns */
int sv_records_is_uncut(const unsigned char *text, size_t len, int first);
int sv_records_is_wrapped(const unsigned char *text, size_t len);
int sv_records_is_json(const unsigned char *text, size_t len);
const char *sv_records_foreign(const unsigned char *head,
    unsigned char fourth);
int sv_records_has_address(const unsigned char *p, const unsigned char *end,
    int dotted);

/* how usual a name is for addresses, 0: most; or SV_RECORDS_NO_RANK */
unsigned sv_records_column_rank(const sv_str_t *field);
void sv_records_list_columns(sv_records_t *rs, const char *error);
void sv_records_number_columns(sv_records_t *rs);

/* sv_records_csv.c: without blanks; without case */
void sv_records_trim(const sv_str_t *field, sv_str_t *text);
int sv_records_is_named(const sv_str_t *field, const sv_str_t *name);

/* sv_records.c, for all of them */
void sv_records_wrong(sv_records_t *rs, const char *error,
    const char *detail);
void sv_records_email(sv_records_t *rs, const unsigned char *data,
    size_t len);


#endif /* _SV_RECORDS_H_INCLUDED_ */
