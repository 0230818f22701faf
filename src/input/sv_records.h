
/*
 * Reads the records of a list of addresses: a JSON array, also as the "emails"
 * of an object, JSON lines, CSV or plain lines.  Input comes in pieces of any
 * size, records are returned one by one, and memory is bounded.  A record that
 * is wrong or too long is returned with an error, and reading goes on with the
 * next one.
 */


#ifndef _SV_RECORDS_H_INCLUDED_
#define _SV_RECORDS_H_INCLUDED_


#include <stdint.h>

#include "sv_str.h"


#define SV_RECORDS_EMAIL_MAX   1024
#define SV_RECORDS_FIELDS_MAX  256      /* in a line of CSV */
#define SV_RECORDS_DEPTH_MAX   32       /* of nested JSON */
#define SV_RECORDS_NAME_MAX    64       /* octets of a column's name */
#define SV_RECORDS_NOTE_MAX    512

#define SV_RECORDS_INPUT       "input_" /* prefix of a name that is taken */
#define SV_RECORDS_NO_RANK     ((unsigned) -1)


typedef enum {
    SV_RECORDS_JSON = 0,
    SV_RECORDS_NDJSON,
    SV_RECORDS_CSV,
    SV_RECORDS_LINES
} sv_records_format_e;


typedef enum {
    SV_RECORDS_AGAIN = 0,   /* all input was read, more is needed */
    SV_RECORDS_OK,          /* a record was read */
    SV_RECORDS_DONE,        /* there are no more records */
    SV_RECORDS_BROKEN       /* nothing more can be read, see error */
} sv_records_status_e;


/*
 * How values are protected from becoming formulas in a spreadsheet.  A column
 * of the list is copied as it came; if it begins like a formula, it was one
 * before. But a field of a list with semicolons may contain commas, and becomes
 * several fields in our output with commas if its quotation marks are ignored:
 * then a formula after such a character would be our fault.
 */

typedef enum {
    SV_RECORDS_AS_IT_IS = 0,
    SV_RECORDS_SAFE,            /* our own text: no formula anywhere */
    SV_RECORDS_SAFE_INSIDE,     /* no formula that was not one before */
    SV_RECORDS_SAFE_JSON        /* the same, and the JSON stays equal */
} sv_records_safe_e;


/* valid until the next record is read */

typedef struct {
    uint64_t                index;
    uint64_t                offset;     /* of its first byte */
    sv_str_t                email;      /* UTF-8 without NUL, may be empty */
    sv_str_t                members;    /* JSON: the other members, as an
                                           object; or empty */
    const char             *error;      /* a word, or NULL */
    const char             *detail;     /* a sentence */
} sv_record_t;


typedef struct {
    /* set by the caller */
    sv_records_format_e     format;
    unsigned char           delimiter;  /* of CSV; 0: guess it */
    sv_str_t                column;     /* of CSV: a name or a number from 1;
                                           empty: find the one with addresses */
    const char             *taken;      /* names that no column may have in the
                                           output, such as "a,b"; or NULL */
    unsigned char          *buf;        /* SV_RECORDS_MEM(size) */
    size_t                  size;       /* of the longest record */

    /* results */
    sv_record_t             rec;
    const char             *error;
    uint64_t                next;       /* number of records so far */
    uint64_t                offset;     /* of the next byte */
    unsigned                ncolumns;   /* of CSV, in its first line */
    unsigned                named;      /* 1: the columns have names */

    /* internal */
    unsigned                state;
    unsigned                depth;
    unsigned                wrapper;    /* octets of {"emails":[ that were
                                           read */
    size_t                  len;        /* octets in buf */
    size_t                  replay;     /* part of buf to be read again */
    size_t                  replay_end;
    uint64_t                start;      /* offset of buf[0] in the input */
    unsigned                icolumn;
    unsigned                nfields;
    unsigned                column_number;  /* the column, if a number was
                                               given */
    unsigned                begun:1;
    unsigned                first:1;    /* the first line was read */
    unsigned                too_long:1;
    unsigned                quoted:1;   /* inside a string */
    unsigned                escaped:1;
    unsigned                sep:1;      /* "sep=" has set the delimiter */
    unsigned                closed:1;   /* the object around the array */
    unsigned                guessed:1;  /* the column was found by its name */
    sv_str_t                fields[SV_RECORDS_FIELDS_MAX];
    sv_str_t                names[SV_RECORDS_FIELDS_MAX];
    unsigned short          nth[SV_RECORDS_FIELDS_MAX];     /* number among
                                                               equal names */
    unsigned char           ours[SV_RECORDS_FIELDS_MAX];    /* name is taken */
    char                    note[SV_RECORDS_NOTE_MAX];      /* error text */
    unsigned char           email[SV_RECORDS_EMAIL_MAX];
} sv_records_t;


/* what is known of the columns of a list that was stored */

typedef struct {
    unsigned                ncolumns;
    unsigned                icolumn;
    sv_records_safe_e       safe;       /* of columns but the address */
    sv_str_t                names;      /* each with a comma before it */
} sv_records_stored_t;


/* Size of buf: a line, and the names of columns, which are those of the first
   line or "column1" and so on. */

#define SV_RECORDS_MEM(size)  ((size) * 2 + SV_RECORDS_FIELDS_MAX * 16)


/*
 * Reads up to the next record.  Before the first call, the caller zeroes *rs
 * and sets the fields marked so.  *pos is moved behind what was read.  eof: no
 * input follows after "last".
 */
sv_records_status_e sv_records_next(sv_records_t *rs,
    const unsigned char **pos, const unsigned char *last, int eof);

/*
 * Write what came with the address of the record, as a JSON object or as
 * columns of CSV, each with a comma before it.  Return the length, 0 if there
 * is nothing, size + 1 if it does not fit.
 */
size_t sv_records_input_json(sv_records_t *rs, unsigned char *dst,
    size_t size);
size_t sv_records_input_csv(sv_records_t *rs, unsigned char *dst,
    size_t size);

/* Writes the names of these columns in the same way. */
size_t sv_records_names_csv(sv_records_t *rs, unsigned char *dst,
    size_t size);

/* Writes one value of CSV, in quotation marks if needed; returns as above.  A
   value has at most 2 octets for each one, or 4 if it is JSON, and 3 more. */
size_t sv_records_csv_value(unsigned char *dst, size_t size,
    const unsigned char *data, size_t len, sv_records_safe_e safe);

/*
 * sv_records_stored.c: the columns of a list that was stored as JSON.  _put()
 * writes a note about them when the first line was read, and returns as above.
 * _get() reads it, and returns 0 if it is not one.  _csv() writes the columns
 * of a record as sv_records_input_csv() did; it changes *input, which
 * sv_records_input_json() has written, and needs 2 octets for each one of email
 * and input, and 3 for each column.
 */
size_t sv_records_stored_put(sv_records_t *rs, unsigned char *dst,
    size_t size);
int sv_records_stored_get(sv_records_stored_t *st, const sv_str_t *note);
size_t sv_records_stored_csv(const sv_records_stored_t *st,
    const sv_str_t *email, sv_str_t *input, unsigned char *dst, size_t size);


/* errors of several formats */
extern const char  sv_records_not_utf8[];
extern const char  sv_records_json_sent[];

/* sv_records_json.c: reads one value; sets error, or email and members */
void sv_records_json_value(sv_records_t *rs, unsigned char *text, size_t len);

/* sv_records_csv.c: reads one line */
sv_records_status_e sv_records_csv_line(sv_records_t *rs,
    unsigned char *text, size_t len);

/* sv_records_guess.c: finds the delimiter by the first line, and sets it */
void sv_records_guess(sv_records_t *rs, const unsigned char *text,
    size_t len);
int sv_records_sep(sv_records_t *rs, const unsigned char *text, size_t len);
int sv_records_may_separate(unsigned char c);

/* whether a text holds more than an address; first: names of columns count */
int sv_records_is_uncut(const unsigned char *text, size_t len, int first);
int sv_records_is_wrapped(const unsigned char *text, size_t len);
int sv_records_is_json(const unsigned char *text, size_t len);
const char *sv_records_foreign(const unsigned char *head,
    unsigned char fourth);
int sv_records_has_address(const unsigned char *p, const unsigned char *end,
    int dotted);

/* Returns the place of a name in the list of usual names, 0 for the most usual
   one; SV_RECORDS_NO_RANK if it is not one. */
unsigned sv_records_column_rank(const sv_str_t *field);
void sv_records_list_columns(sv_records_t *rs, const char *error);
void sv_records_number_columns(sv_records_t *rs);

/* sv_records_csv.c: removes blanks; compares names, ignoring case */
void sv_records_trim(const sv_str_t *field, sv_str_t *text);
int sv_records_is_named(const sv_str_t *field, const sv_str_t *name);

/* sv_records.c: sets an error, or the address, of the record */
void sv_records_wrong(sv_records_t *rs, const char *error,
    const char *detail);
void sv_records_email(sv_records_t *rs, const unsigned char *data,
    size_t len);


#endif /* _SV_RECORDS_H_INCLUDED_ */
