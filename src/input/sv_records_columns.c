
/*
 * Finds the column with the addresses by the names that programs and people
 * give it.  Names are compared without case, accents, blanks and punctuation.
 */


#include <stdio.h>

#include "sv_records.h"
#include "sv_rules.h"
#include "sv_utf8.h"


#define SV_RECORDS_LISTED_MAX  48       /* octets of a name in an error */


static size_t sv_records_canonical(const sv_str_t *field,
    unsigned char *dst, size_t size);
static int sv_records_ends(const unsigned char *text, size_t len,
    const char *end);
static int sv_records_is_ours(sv_records_t *rs, const sv_str_t *name);
static int sv_records_same(sv_records_t *rs, unsigned i, unsigned nth,
    unsigned j);
static int sv_records_char(sv_records_t *rs, unsigned i, unsigned nth,
    size_t pos);


/* names in the form in which they are compared, the most likely one first */

static const char  *sv_records_known[] = {
    "email", "emailaddress", "mail", "mailaddress", "emailid", "emailaddr",
    "primaryemail", "email1", "email1value", "email1address", "useremail",
    "workemail", "contactemail", "customeremail", "billingemail",
    "businessemail", "personalemail", "homeemail", "email2", "email2value",
    "email2address",

    /* German, Dutch, the Nordic languages */
    "emailadresse", "mailadresse", "emailadres", "epost", "epostadress",
    "epostadresse", "sahkoposti", "sahkopostiosoite", "netfang",

    /* French */
    "courriel", "adresseemail", "adressemail", "adressecourriel",
    "adresseelectronique", "adressedemessagerie", "mel",

    /* Spanish, Portuguese, Italian, Romanian */
    "correo", "correoe", "correoelectronico", "direcciondecorreo",
    "direcciondecorreoelectronico", "direcciondeemail", "enderecodeemail",
    "enderecoeletronico", "correioeletronico", "correioelectronico",
    "postaelettronica", "indirizzoemail", "indirizzomail",
    "indirizzodipostaelettronica", "adresaemail", "adresadeemail",

    /* Polish, Czech, Slovak, Hungarian, Turkish, others */
    "adresemail", "adrespocztyelektronicznej", "emailovaadresa", "emailcim",
    "eposta", "epostaadresi", "elpastas", "epasts", "alamatemail",
    "diachiemail", "thudientu",

    /* Russian, Ukrainian */
    "\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0",
    "\xd1\x8d\xd0\xbb\xd0\xb5\xd0\xba\xd1\x82\xd1\x80\xd0\xbe\xd0\xbd"
        "\xd0\xbd\xd0\xb0\xd1\x8f\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0",
    "\xd1\x8d\xd0\xbb\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0",
    "\xd0\xb0\xd0\xb4\xd1\x80\xd0\xb5\xd1\x81\xd1\x8d\xd0\xbb\xd0\xb5"
        "\xd0\xba\xd1\x82\xd1\x80\xd0\xbe\xd0\xbd\xd0\xbd\xd0\xbe\xd0\xb9"
        "\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd1\x8b",
    "\xd0\xb5\xd0\xbc\xd0\xb5\xd0\xb9\xd0\xbb",
    "\xd0\xb8\xd0\xbc\xd0\xb5\xd0\xb9\xd0\xbb",
    "\xd0\xb5\xd0\xbb\xd0\xb5\xd0\xba\xd1\x82\xd1\x80\xd0\xbe\xd0\xbd"
        "\xd0\xbd\xd0\xb0\xd0\xbf\xd0\xbe\xd1\x88\xd1\x82\xd0\xb0",
    "\xd0\xb0\xd0\xb4\xd1\x80\xd0\xb5\xd1\x81\xd0\xb0\xd0\xb5\xd0\xbb"
        "\xd0\xb5\xd0\xba\xd1\x82\xd1\x80\xd0\xbe\xd0\xbd\xd0\xbd\xd0\xbe"
        "\xd1\x97\xd0\xbf\xd0\xbe\xd1\x88\xd1\x82\xd0\xb8",

    /* Greek, Arabic, Hebrew */
    "\xce\xb7\xce\xbb\xce\xb5\xce\xba\xcf\x84\xcf\x81\xce\xbf\xce\xbd"
        "\xce\xb9\xce\xba\xce\xbf\xcf\x84\xce\xb1\xcf\x87\xcf\x85\xce\xb4"
        "\xcf\x81\xce\xbf\xce\xbc\xce\xb5\xce\xb9\xce\xbf",
    "\xce\xb4\xce\xb9\xce\xb5\xcf\x85\xce\xb8\xcf\x85\xce\xbd\xcf\x83"
        "\xce\xb7\xce\xb7\xce\xbb\xce\xb5\xce\xba\xcf\x84\xcf\x81\xce\xbf"
        "\xce\xbd\xce\xb9\xce\xba\xce\xbf\xcf\x85\xcf\x84\xce\xb1\xcf\x87"
        "\xcf\x85\xce\xb4\xcf\x81\xce\xbf\xce\xbc\xce\xb5\xce\xb9\xce\xbf"
        "\xcf\x85",
    "\xd8\xa7\xd9\x84\xd8\xa8\xd8\xb1\xd9\x8a\xd8\xaf\xd8\xa7\xd9\x84"
        "\xd8\xa5\xd9\x84\xd9\x83\xd8\xaa\xd8\xb1\xd9\x88\xd9\x86\xd9\x8a",
    "\xd8\xa7\xd9\x84\xd8\xa8\xd8\xb1\xd9\x8a\xd8\xaf\xd8\xa7\xd9\x84"
        "\xd8\xa7\xd9\x84\xd9\x83\xd8\xaa\xd8\xb1\xd9\x88\xd9\x86\xd9\x8a",
    "\xd7\x93\xd7\x95\xd7\x90\xd7\xa8\xd7\x90\xd7\x9c\xd7\xa7\xd7\x98"
        "\xd7\xa8\xd7\x95\xd7\xa0\xd7\x99",
    "\xd7\x90\xd7\x99\xd7\x9e\xd7\x99\xd7\x99\xd7\x9c",
    "\xd7\x93\xd7\x95\xd7\x90\xd7\x9c",

    /* Chinese, Japanese, Korean, Thai */
    "\xe9\x82\xae\xe7\xae\xb1",
    "\xe7\x94\xb5\xe5\xad\x90\xe9\x82\xae\xe7\xae\xb1",
    "\xe7\x94\xb5\xe5\xad\x90\xe9\x82\xae\xe4\xbb\xb6",
    "\xe9\x82\xae\xe4\xbb\xb6",
    "\xe9\x82\xae\xe7\xae\xb1\xe5\x9c\xb0\xe5\x9d\x80",
    "\xe7\x94\xb5\xe5\xad\x90\xe9\x82\xae\xe4\xbb\xb6\xe5\x9c\xb0"
        "\xe5\x9d\x80",
    "\xe9\x82\xae\xe4\xbb\xb6\xe5\x9c\xb0\xe5\x9d\x80",
    "\xe9\x9b\xbb\xe5\xad\x90\xe9\x83\xb5\xe4\xbb\xb6",
    "\xe9\x9b\xbb\xe5\xad\x90\xe9\x83\xb5\xe4\xbb\xb6\xe5\x9c\xb0"
        "\xe5\x9d\x80",
    "\xe9\x9b\xbb\xe9\x83\xb5", "\xe3\x83\xa1\xe3\x83\xbc\xe3\x83\xab",
    "\xe3\x83\xa1\xe3\x83\xbc\xe3\x83\xab\xe3\x82\xa2\xe3\x83\x89"
        "\xe3\x83\xac\xe3\x82\xb9",
    "\xe9\x9b\xbb\xe5\xad\x90\xe3\x83\xa1\xe3\x83\xbc\xe3\x83\xab",
    "\xe9\x9b\xbb\xe5\xad\x90\xe3\x83\xa1\xe3\x83\xbc\xe3\x83\xab"
        "\xe3\x82\xa2\xe3\x83\x89\xe3\x83\xac\xe3\x82\xb9",
    "e\xe3\x83\xa1\xe3\x83\xbc\xe3\x83\xab",
    "e\xe3\x83\xa1\xe3\x83\xbc\xe3\x83\xab\xe3\x82\xa2\xe3\x83\x89"
        "\xe3\x83\xac\xe3\x82\xb9",
    "\xec\x9d\xb4\xeb\xa9\x94\xec\x9d\xbc",
    "\xec\x9d\xb4\xeb\xa9\x94\xec\x9d\xbc\xec\xa3\xbc\xec\x86\x8c",
    "\xec\xa0\x84\xec\x9e\x90\xeb\xa9\x94\xec\x9d\xbc",
    "\xec\xa0\x84\xec\x9e\x90\xec\x9a\xb0\xed\x8e\xb8",
    "\xe0\xb8\xad\xe0\xb8\xb5\xe0\xb9\x80\xe0\xb8\xa1\xe0\xb8\xa5",
    NULL
};


unsigned
sv_records_column_rank(const sv_str_t *field)
{
    size_t         len;
    unsigned       i;
    unsigned char  name[SV_RECORDS_NAME_MAX * 4 + 32];

    len = sv_records_canonical(field, name, sizeof(name));

    if (len == 0) {
        return SV_RECORDS_NO_RANK;
    }

    for (i = 0; sv_records_known[i]; i++) {
        if (strlen(sv_records_known[i]) == len
            && memcmp(name, sv_records_known[i], len) == 0)
        {
            return i;
        }
    }

    if (sv_records_ends(name, len, "email")
        || sv_records_ends(name, len, "emailaddress")
        || sv_records_ends(name, len, "emailadresse"))
    {
        return i;
    }

    return SV_RECORDS_NO_RANK;
}


static size_t
sv_records_canonical(const sv_str_t *field, unsigned char *dst, size_t size)
{
    size_t    i, len, n;
    sv_str_t  text;

    sv_records_trim(field, &text);

    if (text.len == 0 || text.len > SV_RECORDS_NAME_MAX) {
        return 0;
    }

    n = sv_fold_text(NULL, text.data, text.len, dst, size);

    len = 0;

    for (i = 0; i < n; i++) {
        if (sv_is_alnum(dst[i]) || dst[i] >= 0x80) {
            dst[len++] = dst[i];
        }
    }

    return len;
}


static int
sv_records_ends(const unsigned char *text, size_t len, const char *end)
{
    size_t  n;

    n = strlen(end);

    return len > n && memcmp(text + len - n, end, n) == 0;
}


/* Sets an error of the first line, with a list of its columns. */

void
sv_records_list_columns(sv_records_t *rs, const char *error)
{
    char      *p, *last;
    unsigned   i;
    sv_str_t   text;

    /* leave room for the end */

    p = rs->note;
    last = p + sizeof(rs->note) - sizeof(", ...");

    i = strlen(error);
    memcpy(p, error, i);
    p += i;

    for (i = 0; i < rs->nfields; i++) {

        if (last - p < SV_RECORDS_LISTED_MAX + 4) {
            memcpy(p, ", ...", 5);
            p += 5;
            break;
        }

        *p++ = i ? ',' : ':';
        *p++ = ' ';
        *p++ = '"';

        sv_records_trim(&rs->fields[i], &text);

        p += sv_utf8_clean((unsigned char *) p, SV_RECORDS_LISTED_MAX,
                           text.data, text.len);
        *p++ = '"';
    }

    *p = '\0';

    rs->error = rs->note;
}


/*
 * Numbers columns whose name is already taken, by our own columns or by a
 * column before, so that no name occurs twice in the output.
 */

void
sv_records_number_columns(sv_records_t *rs)
{
    unsigned  i, j, n;

    for (i = 0; i < rs->ncolumns; i++) {
        rs->ours[i] = sv_records_is_ours(rs, &rs->names[i]);
    }

    for (i = 0; i < rs->ncolumns; i++) {
        n = 1;

        for (j = 0; j < i; j++) {
            if (sv_records_same(rs, i, 1, j) && rs->nth[j] >= n) {
                n = rs->nth[j] + 1;
            }
        }

        for (j = 0; n > 1 && j < rs->ncolumns; j++) {
            if (sv_records_same(rs, i, n, j)) {
                n++;
                j = (unsigned) -1;
            }
        }

        rs->nth[i] = n;
    }
}


static int
sv_records_is_ours(sv_records_t *rs, const sv_str_t *name)
{
    size_t       n;
    const char  *p;

    for (p = rs->taken; p && *p; p += n + (p[n] == ',')) {
        n = strcspn(p, ",");

        if (n == name->len && sv_is_same(p, name->data, n)) {
            return 1;
        }
    }

    return 0;
}


/* Returns 1 if the name of column i, with a number, equals that of column j
   without one. */

static int
sv_records_same(sv_records_t *rs, unsigned i, unsigned nth, unsigned j)
{
    int     c;
    size_t  pos;

    for (pos = 0; /* void */; pos++) {
        c = sv_records_char(rs, i, nth, pos);

        if (c != sv_records_char(rs, j, 1, pos)) {
            return 0;
        }

        if (c < 0) {
            return 1;
        }
    }
}


/* Returns a character of the column's name as it is written, in lower case; -1
   after its end. */

static int
sv_records_char(sv_records_t *rs, unsigned i, unsigned nth, size_t pos)
{
    size_t  len;
    char    prefix[] = SV_RECORDS_INPUT;
    char    number[16];

    if (rs->ours[i]) {

        if (pos < sizeof(prefix) - 1) {
            return (unsigned char) prefix[pos];
        }

        pos -= sizeof(prefix) - 1;
    }

    if (pos < rs->names[i].len) {
        return sv_lower(rs->names[i].data[pos]);
    }

    pos -= rs->names[i].len;

    len = nth > 1 ? snprintf(number, sizeof(number), "_%u", nth) : 0;

    return pos < len ? (unsigned char) number[pos] : -1;
}
