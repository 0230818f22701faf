
/*
 * Results of a list, or of a job.  They are added to FILE.part as they come,
 * each with the number of its record, and flushed often: whatever ends the
 * command, the next one goes on from there.  Once all are there, FILE has them
 * in the order of the list, and the part is removed.
 */


#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "smtp_verify.h"


#define SV_CLIENT_PART      "# smtp-verify part 1 of %016llx, %s\n"
#define SV_CLIENT_PART_MAX  64
#define SV_CLIENT_READ      65536


static int sv_client_output_part(sv_client_output_t *out,
    const sv_client_input_t *in, const char *format);
static int sv_client_output_load(sv_client_output_t *out,
    sv_client_input_t *in, sv_client_progress_t *progress);
static int sv_client_output_known(sv_client_output_t *out,
    sv_client_input_t *in, sv_client_progress_t *progress, const char *text,
    size_t len);
static void sv_client_output_place(sv_client_output_t *out, uint64_t index);
static char *sv_client_output_new(sv_client_output_t *out, FILE **file);
static int sv_client_output_sort(sv_client_output_t *out, FILE *file,
    size_t nrecords);
static int sv_client_output_copy(sv_client_output_t *out, FILE *file,
    uint64_t place);
static int sv_client_output_failed(const char *name);


int
sv_client_output_open(sv_client_output_t *out,
    const sv_client_options_t *options, sv_client_input_t *in,
    sv_client_progress_t *progress, const char *format)
{
    size_t  len;

    out->name = options->output;
    out->csv = strcmp(format, "csv") == 0;

    if (out->name == NULL) {
        out->file = stdout;
        return 0;
    }

    len = strlen(out->name) + sizeof(".part");

    out->part = malloc(len);
    out->places = calloc(in->nrecords, sizeof(uint64_t));

    if (out->part == NULL || out->places == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");
        return -1;
    }

    snprintf(out->part, len, "%s.part", out->name);

    if (sv_client_output_part(out, in, format) != 0) {
        return -1;
    }

    return sv_client_output_load(out, in, progress);
}


/* The part names by a hash the list that it is of, and what was asked of it:
   results of another column are not of the same addresses. */

static int
sv_client_output_part(sv_client_output_t *out, const sv_client_input_t *in,
    const char *format)
{
    int          fd;
    char         head[SV_CLIENT_PART_MAX], was[SV_CLIENT_PART_MAX];
    struct stat  st;

    snprintf(head, sizeof(head), SV_CLIENT_PART,
             (unsigned long long) in->hash, format);

    /* nobody else needs to read it */

    fd = open(out->part, O_RDWR|O_CREAT|O_CLOEXEC, 0600);
    out->file = fd == -1 ? NULL : fdopen(fd, "r+");

    if (out->file == NULL) {
        return sv_client_output_failed(out->part);
    }

    /* two commands would write over each other's results */

    if (flock(fd, LOCK_EX|LOCK_NB) != 0) {
        fprintf(stderr, "%s: another command is at work on it\n", out->part);
        return -1;
    }

    if (fstat(fd, &st) != 0) {
        return sv_client_output_failed(out->part);
    }

    if (st.st_size == 0) {
        return (fputs(head, out->file) == EOF || fflush(out->file) != 0)
               ? sv_client_output_failed(out->part) : 0;
    }

    if (fgets(was, sizeof(was), out->file) == NULL || strcmp(was, head) != 0) {
        fprintf(stderr, "%s is of another list, column or format: remove it, "
                "or name another output\n", out->part);
        return -1;
    }

    return 0;
}


static int
sv_client_output_load(sv_client_output_t *out, sv_client_input_t *in,
    sv_client_progress_t *progress)
{
    int                 rc;
    char               *buf;
    size_t              n, len;
    const char         *p, *line;
    sv_client_lines_t   lines;

    memset(&lines, 0, sizeof(sv_client_lines_t));

    lines.csv = out->csv;
    out->pos = ftello(out->file);
    (void) fseeko(out->file, out->pos, SEEK_SET);

    buf = malloc(SV_CLIENT_READ);
    rc = buf ? 0 : -1;

    while (rc == 0 && (n = fread(buf, 1, SV_CLIENT_READ, out->file)) > 0) {
        p = buf;

        while ((rc = sv_client_lines_next(&lines, &p, buf + n, &line, &len))
               == 1)
        {
            if (sv_client_output_known(out, in, progress, line, len) != 0) {
                rc = -1;
                break;
            }
        }
    }

    sv_client_lines_free(&lines);
    free(buf);

    /* what was cut off in a line is dropped */

    if (rc == 0 && !ferror(out->file)
        && fseeko(out->file, out->pos, SEEK_SET) == 0
        && ftruncate(fileno(out->file), out->pos) == 0)
    {
        progress->before = progress->done;
        return 0;
    }

    fprintf(stderr, "%s is damaged: remove it\n", out->part);

    return -1;
}


static int
sv_client_output_known(sv_client_output_t *out, sv_client_input_t *in,
    sv_client_progress_t *progress, const char *text, size_t len)
{
    sv_client_line_t  line;

    if (sv_client_line(&line, text, len, out->csv) != 0) {
        return -1;
    }

    if (line.kind == SV_CLIENT_LINE_NAMES) {
        out->named = 1;
        out->names = out->pos + len + 1;

    } else if (line.kind == SV_CLIENT_LINE_PAGE && out->paged) {
        memcpy(out->cursor, line.next, SV_CLIENT_CURSOR);

    } else if (line.kind > SV_CLIENT_LINE_ERROR
               || line.index >= in->nrecords
               || (in->flags[line.index] & SV_CLIENT_DONE))
    {
        return -1;

    } else {
        sv_client_output_place(out, line.index);

        if (!line.held || out->paged) {
            in->flags[line.index] |= SV_CLIENT_DONE;
            sv_client_progress_add(progress, &line);
        }
    }

    out->pos += len + 1;

    return 0;
}


int
sv_client_output_names(sv_client_output_t *out, const char *text, size_t len)
{
    if (out->named) {
        return 0;
    }

    out->named = 1;

    if (fwrite(text, 1, len, out->file) != len || putc('\n', out->file) == EOF)
    {
        return sv_client_output_failed(out->part);
    }

    out->pos += len + 1;
    out->names = out->pos;

    return 0;
}


int
sv_client_output_line(sv_client_output_t *out, uint64_t index,
    const char *rest, size_t len)
{
    int  n;

    n = fprintf(out->file, "%s%llu", out->csv ? "" : "{\"index\":",
                (unsigned long long) index);

    if (n < 0 || fwrite(rest, 1, len, out->file) != len
        || putc('\n', out->file) == EOF)
    {
        return sv_client_output_failed(out->part);
    }

    if (out->places) {
        sv_client_output_place(out, index);
    }

    out->pos += n + len + 1;

    return 0;
}


static void
sv_client_output_place(sv_client_output_t *out, uint64_t index)
{
    out->places[out->arrival ? out->nlines : index] = out->pos;
    out->nlines++;
}


int
sv_client_output_page(sv_client_output_t *out, const char *text, size_t len)
{
    if (out->part == NULL) {
        return 0;
    }

    if (fwrite(text, 1, len, out->file) != len || putc('\n', out->file) == EOF)
    {
        return sv_client_output_failed(out->part);
    }

    out->pos += len + 1;

    return 0;
}


int
sv_client_output_flush(sv_client_output_t *out)
{
    return fflush(out->file) == 0 ? 0 : sv_client_output_failed(out->part);
}


int
sv_client_output_finish(sv_client_output_t *out, size_t nrecords)
{
    int     rc;
    char   *name;
    FILE   *file;

    if (sv_client_output_flush(out) != 0) {
        return -1;
    }

    if (out->name == NULL) {
        return 0;
    }

    name = sv_client_output_new(out, &file);
    if (name == NULL) {
        return -1;
    }

    rc = sv_client_output_sort(out, file, nrecords);

    /* the part goes only once the whole is on the disk */

    if (fflush(file) != 0 || fsync(fileno(file)) != 0) {
        rc = -1;
    }

    if (fclose(file) != 0) {
        rc = -1;
    }

    if (rc != 0 || rename(name, out->name) != 0) {
        (void) sv_client_output_failed(out->name);
        (void) unlink(name);
        rc = -1;

    } else {
        (void) unlink(out->part);
    }

    free(name);

    return rc;
}


/* A file of our own beside the output, with the permissions of any other new
   file; NULL: there is none.  No file or link that is there is opened. */

static char *
sv_client_output_new(sv_client_output_t *out, FILE **file)
{
    int     fd;
    char   *name;
    size_t  len;
    mode_t  mask;

    len = strlen(out->name) + sizeof(".XXXXXX");

    name = malloc(len);
    if (name == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");
        return NULL;
    }

    snprintf(name, len, "%s.XXXXXX", out->name);

    fd = mkstemp(name);
    if (fd == -1) {
        (void) sv_client_output_failed(out->name);
        free(name);
        return NULL;
    }

    mask = umask(0);
    (void) umask(mask);

    *file = fchmod(fd, 0666 & ~mask) == 0 ? fdopen(fd, "w") : NULL;

    if (*file == NULL) {
        (void) sv_client_output_failed(out->name);
        (void) close(fd);
        (void) unlink(name);
        free(name);
        return NULL;
    }

    return name;
}


static int
sv_client_output_sort(sv_client_output_t *out, FILE *file, size_t nrecords)
{
    size_t  i;
    char    head[SV_CLIENT_PART_MAX];

    if (fseeko(out->file, 0, SEEK_SET) != 0
        || fgets(head, sizeof(head), out->file) == NULL)
    {
        return -1;
    }

    if (out->named
        && sv_client_output_copy(out, file, ftello(out->file)) != 0)
    {
        return -1;
    }

    /* a record has no place if its result was not asked for: the part begins
       with a line of its own */

    for (i = 0; i < nrecords; i++) {
        if (out->places[i]
            && sv_client_output_copy(out, file, out->places[i]) != 0)
        {
            return -1;
        }
    }

    return 0;
}


/* a line, to its end */

static int
sv_client_output_copy(sv_client_output_t *out, FILE *file, uint64_t place)
{
    int       c;
    unsigned  quoted;

    if ((uint64_t) ftello(out->file) != place
        && fseeko(out->file, place, SEEK_SET) != 0)
    {
        return -1;
    }

    quoted = 0;

    for ( ;; ) {
        c = getc_unlocked(out->file);

        if (c == EOF || putc_unlocked(c, file) == EOF) {
            return -1;
        }

        if (c == '"' && out->csv) {
            quoted = !quoted;

        } else if (c == '\n' && !quoted) {
            return 0;
        }
    }
}


void
sv_client_output_close(sv_client_output_t *out)
{
    if (out->file && out->file != stdout) {
        (void) fclose(out->file);
    }

    free(out->part);
    free(out->places);
}


static int
sv_client_output_failed(const char *name)
{
    fprintf(stderr, "%s: %s\n", name ? name : "standard output",
            strerror(errno));

    return -1;
}
