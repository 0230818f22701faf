
/* What is asked for on the command line. */


#include <getopt.h>
#include <stdlib.h>

#include "smtp_verify.h"
#include "sv_version.h"


#define SV_CLIENT_URL     "http://127.0.0.1:8025"
#define SV_CLIENT_TOKEN   256

/* options without a letter */

#define SV_CLIENT_OPTION_CACERT     256
#define SV_CLIENT_OPTION_WEBHOOK    257
#define SV_CLIENT_OPTION_EVENTS     258
#define SV_CLIENT_OPTION_WATCH      259
#define SV_CLIENT_OPTION_STATE      260
#define SV_CLIENT_OPTION_STATUS     261
#define SV_CLIENT_OPTION_REASON     262
#define SV_CLIENT_OPTION_ORDER      263
#define SV_CLIENT_OPTION_RETENTION  264
#define SV_CLIENT_OPTION_SAMPLE     265
#define SV_CLIENT_OPTION_NO_SMTP    266


static int sv_client_read_options(sv_client_options_t *o, int argc,
    char **argv, const char *letters, const struct option *names);
static int sv_client_option(sv_client_options_t *o, int c);
static int sv_client_option_job(sv_client_options_t *o, int c);
static int sv_client_token(sv_client_options_t *o, const char *name);
static int sv_client_url_of(sv_client_options_t *o);
static int sv_client_check(const sv_client_options_t *o, int job);
static int sv_client_check_job(const sv_client_options_t *o);
static int sv_client_is_time(const char *word, int units);
static void sv_client_help(void);


static char  sv_client_token_text[SV_CLIENT_TOKEN];
static char  sv_client_url_text[1024];


static const struct option  sv_client_long_options[] = {
    { "url",       required_argument, NULL, 'u' },
    { "token",     required_argument, NULL, 't' },
    { "cacert",    required_argument, NULL, SV_CLIENT_OPTION_CACERT },
    { "output",    required_argument, NULL, 'o' },
    { "format",    required_argument, NULL, 'f' },
    { "input",     required_argument, NULL, 'i' },
    { "column",    required_argument, NULL, 'c' },
    { "delimiter", required_argument, NULL, 'd' },
    { "wait",      required_argument, NULL, 'w' },
    { "no-smtp",   no_argument,       NULL, SV_CLIENT_OPTION_NO_SMTP },
    { "json",      no_argument,       NULL, 'j' },
    { "quiet",     no_argument,       NULL, 'q' },
    { "help",      no_argument,       NULL, 'h' },
    { "version",   no_argument,       NULL, 'V' },
    { NULL,        0,                 NULL, 0 }
};

static const struct option  sv_client_job_options[] = {
    { "url",             required_argument, NULL, 'u' },
    { "token",           required_argument, NULL, 't' },
    { "cacert",          required_argument, NULL, SV_CLIENT_OPTION_CACERT },
    { "output",          required_argument, NULL, 'o' },
    { "format",          required_argument, NULL, 'f' },
    { "input",           required_argument, NULL, 'i' },
    { "column",          required_argument, NULL, 'c' },
    { "delimiter",       required_argument, NULL, 'd' },
    { "wait",            required_argument, NULL, 'w' },
    { "no-smtp",         no_argument,       NULL, SV_CLIENT_OPTION_NO_SMTP },
    { "json",            no_argument,       NULL, 'j' },
    { "quiet",           no_argument,       NULL, 'q' },
    { "help",            no_argument,       NULL, 'h' },
    { "version",         no_argument,       NULL, 'V' },
    { "name",            required_argument, NULL, 'n' },
    { "idempotency-key", required_argument, NULL, 'k' },
    { "retention",       required_argument, NULL,
      SV_CLIENT_OPTION_RETENTION },
    { "sample",          required_argument, NULL, SV_CLIENT_OPTION_SAMPLE },
    { "webhook",         required_argument, NULL, SV_CLIENT_OPTION_WEBHOOK },
    { "webhook-events",  required_argument, NULL, SV_CLIENT_OPTION_EVENTS },
    { "watch",           no_argument,       NULL, SV_CLIENT_OPTION_WATCH },
    { "state",           required_argument, NULL, SV_CLIENT_OPTION_STATE },
    { "status",          required_argument, NULL, SV_CLIENT_OPTION_STATUS },
    { "reason",          required_argument, NULL, SV_CLIENT_OPTION_REASON },
    { "order",           required_argument, NULL, SV_CLIENT_OPTION_ORDER },
    { NULL,              0,                 NULL, 0 }
};


int
sv_client_options(sv_client_options_t *o, int argc, char **argv)
{
    int          rc, job;
    const char  *url;

    o->token = getenv("SMTP_VERIFY_TOKEN");

    url = getenv("SMTP_VERIFY_URL");
    o->url = url ? url : SV_CLIENT_URL;

    /* those before the first word; behind it, a job has options of its own */

    rc = sv_client_read_options(o, argc, argv, "+u:t:o:f:i:c:d:w:njqhV",
                                sv_client_long_options);
    if (rc != -1) {
        return rc;
    }

    job = optind < argc && strcmp(argv[optind], "job") == 0;

    if (optind < argc && strcmp(argv[optind - 1], "--") != 0) {

        /* getopt begins anew, in front of the word */

        argv[optind - 1] = argv[0];
        argc -= optind - 1;
        argv += optind - 1;
        optind = 0;

        rc = job ? sv_client_read_options(o, argc, argv,
                                          "u:t:o:f:i:c:d:w:n:k:jqhV",
                                          sv_client_job_options)
                 : sv_client_read_options(o, argc, argv,
                                          "u:t:o:f:i:c:d:w:njqhV",
                                          sv_client_long_options);
        if (rc != -1) {
            return rc;
        }
    }

    o->words = argv + optind;
    o->nwords = argc - optind;

    if (o->nwords == 0) {
        return sv_client_wrong();
    }

    if (strcmp(o->words[0], "list") == 0 && o->nwords != 2) {
        fputs("smtp-verify: \"list\" needs one FILE, or \"-\" for the standard "
              "input\n", stderr);
        return sv_client_wrong();
    }

    rc = sv_client_url_of(o);

    return rc == -1 ? sv_client_check(o, job) : rc;
}


static int
sv_client_read_options(sv_client_options_t *o, int argc, char **argv,
    const char *letters, const struct option *names)
{
    int  c, rc;

    while ((c = getopt_long(argc, argv, letters, names, NULL)) != -1) {

        if (c == 'n' && names == sv_client_job_options) {
            o->name = optarg;
            continue;
        }

        rc = sv_client_option(o, c);
        if (rc != -1) {
            return rc;
        }
    }

    return -1;
}


static int
sv_client_option(sv_client_options_t *o, int c)
{
    switch (c) {
    case 'u':  o->url = optarg;        break;
    case 'o':  o->output = optarg;     break;
    case 'f':  o->format = optarg;     break;
    case 'i':  o->input = optarg;      break;
    case 'c':  o->column = optarg;     break;
    case 'd':  o->delimiter = optarg;  break;
    case 'w':  o->wait = optarg;       break;
    case 'j':  o->json = 1;            break;
    case 'q':  o->quiet = 1;           break;

    case 'n':
    case SV_CLIENT_OPTION_NO_SMTP:
        o->no_smtp = 1;
        break;

    case SV_CLIENT_OPTION_CACERT:
        o->cacert = optarg;
        break;

    case 't':
        return sv_client_token(o, optarg);

    case 'h':
        sv_client_help();
        return 0;

    case 'V':
        printf("smtp-verify %s\n", SV_VERSION);
        return 0;

    default:
        return sv_client_option_job(o, c);
    }

    return -1;
}


static int
sv_client_option_job(sv_client_options_t *o, int c)
{
    switch (c) {
    case 'k':                         o->key = optarg;        break;
    case SV_CLIENT_OPTION_RETENTION:  o->retention = optarg;  break;
    case SV_CLIENT_OPTION_SAMPLE:     o->sample = optarg;     break;
    case SV_CLIENT_OPTION_WEBHOOK:    o->webhook = optarg;    break;
    case SV_CLIENT_OPTION_EVENTS:     o->events = optarg;     break;
    case SV_CLIENT_OPTION_WATCH:      o->watch = 1;           break;
    case SV_CLIENT_OPTION_STATE:      o->state = optarg;      break;
    case SV_CLIENT_OPTION_STATUS:     o->status = optarg;     break;
    case SV_CLIENT_OPTION_REASON:     o->reason = optarg;     break;
    case SV_CLIENT_OPTION_ORDER:      o->order = optarg;      break;

    default:
        return sv_client_wrong();
    }

    return -1;
}


/* from a file: what stands on the command line is seen by everybody */

static int
sv_client_token(sv_client_options_t *o, const char *name)
{
    char    *text;
    size_t   len;
    FILE    *file;

    file = fopen(name, "r");
    if (file == NULL) {
        perror(name);
        return SV_CLIENT_USAGE;
    }

    text = fgets(sv_client_token_text, SV_CLIENT_TOKEN, file);
    (void) fclose(file);

    len = text ? strcspn(text, "\r\n") : 0;

    if (len == 0 || len == SV_CLIENT_TOKEN - 1) {
        fprintf(stderr, "%s: the first line is not a token\n", name);
        return SV_CLIENT_USAGE;
    }

    text[len] = '\0';
    o->token = text;

    return -1;
}


static int
sv_client_url_of(sv_client_options_t *o)
{
    size_t  len;

    len = strlen(o->url);
    while (len && o->url[len - 1] == '/') {
        len--;
    }

    if (len == 0 || len >= sizeof(sv_client_url_text)) {
        fprintf(stderr, "smtp-verify: invalid URL \"%s\"\n", o->url);
        return SV_CLIENT_USAGE;
    }

    memcpy(sv_client_url_text, o->url, len);
    o->url = sv_client_url_text;

    return -1;
}


static int
sv_client_check(const sv_client_options_t *o, int job)
{
    if (o->format && strcmp(o->format, "csv") != 0
        && strcmp(o->format, "ndjson") != 0)
    {
        fprintf(stderr, "smtp-verify: a format is \"csv\" or \"ndjson\"\n");
        return SV_CLIENT_USAGE;
    }

    if (o->input && !sv_client_is_input(o->input)) {
        fprintf(stderr, "smtp-verify: an input is \"csv\", \"lines\", "
                "\"ndjson\" or \"json\"\n");
        return SV_CLIENT_USAGE;
    }

    if (o->delimiter && sv_client_delimiter(o->delimiter) == 0) {
        fprintf(stderr, "smtp-verify: nothing is delimited by \"%s\"\n",
                o->delimiter);
        return SV_CLIENT_USAGE;
    }

    if (o->wait && !sv_client_is_time(o->wait, job)) {
        fprintf(stderr, "smtp-verify: --wait needs a number of seconds%s\n",
                job ? ", or a time such as 36h" : "");
        return SV_CLIENT_USAGE;
    }

    return job ? sv_client_check_job(o) : -1;
}


/* The server says what is wrong with the other ones. */

static int
sv_client_check_job(const sv_client_options_t *o)
{
    size_t  i;

    if (o->retention && !sv_client_is_time(o->retention, 1)) {
        fprintf(stderr, "smtp-verify: --retention needs a time such as 36h\n");
        return SV_CLIENT_USAGE;
    }

    if (o->sample && strspn(o->sample, "0123456789") != strlen(o->sample)) {
        fprintf(stderr, "smtp-verify: --sample needs a number of records\n");
        return SV_CLIENT_USAGE;
    }

    if (o->order && strcmp(o->order, "input") != 0
        && strcmp(o->order, "done") != 0)
    {
        fprintf(stderr, "smtp-verify: an order is \"input\" or \"done\"\n");
        return SV_CLIENT_USAGE;
    }

    if (o->status && sv_client_status(o->status, strlen(o->status)) == -1) {
        fprintf(stderr, "smtp-verify: a status is \"deliverable\", "
                "\"undeliverable\", \"risky\" or \"unknown\"\n");
        return SV_CLIENT_USAGE;
    }

    if (o->key == NULL) {
        return -1;
    }

    for (i = 0; o->key[i] > ' ' && o->key[i] < 0x7f && o->key[i] != '"'
                && o->key[i] != '\\'; i++)
    {
        /* void */
    }

    if (i == 0 || i > 255 || o->key[i]) {
        fprintf(stderr, "smtp-verify: a key has 1 to 255 visible ASCII "
                "characters\n");
        return SV_CLIENT_USAGE;
    }

    return -1;
}


static int
sv_client_is_time(const char *word, int units)
{
    size_t  n;

    n = strspn(word, "0123456789");

    if (units && n && word[n] && strchr("smhd", word[n])) {
        n++;
    }

    return n && word[n] == '\0';
}


int
sv_client_wrong(void)
{
    fputs("usage: smtp-verify [options] ADDRESS ...\n"
          "       smtp-verify [options] list FILE\n"
          "       smtp-verify job submit FILE [options]\n"
          "       smtp-verify job list [options]\n"
          "       smtp-verify job show|watch|results ID [options]\n"
          "       smtp-verify job pause|resume|cancel|delete ID [options]\n"
          "       smtp-verify job erase ADDRESS [options]\n"
          "\"smtp-verify --help\" has the options.\n", stderr);

    return SV_CLIENT_USAGE;
}


static void
sv_client_help(void)
{
    fputs(
"usage: smtp-verify [options] ADDRESS ...\n"
"       smtp-verify [options] list FILE       (\"-\": the standard input)\n"
"       smtp-verify job submit FILE [options]\n"
"       smtp-verify job list [options]\n"
"       smtp-verify job show|watch|results ID [options]\n"
"       smtp-verify job pause|resume|cancel|delete ID [options]\n"
"       smtp-verify job erase ADDRESS [options]\n"
"\n"
"  -u, --url URL          the API: URL/verify for addresses, URL/batch for a\n"
"                         list, URL/jobs for jobs; else $SMTP_VERIFY_URL,\n"
"                         else " SV_CLIENT_URL "\n"
"  -t, --token FILE       a file whose first line is the token; else\n"
"                         $SMTP_VERIFY_TOKEN\n"
"      --cacert FILE      CA certificates that verify the server\n"
"  -w, --wait SECONDS     how long retries may take: of greylisted\n"
"                         addresses, and of those that limits held back; of a\n"
"                         job also 90m, 36h or 2d\n"
"  -n, --no-smtp          no mail server is asked (of a job: --no-smtp)\n"
"\n"
"of addresses:\n"
"  -j, --json             print whole results, a line each\n"
"\n"
"of a list:\n"
"  -o, --output FILE      results, in the order of the list; what is done is\n"
"                         in FILE.part until then, and the same command goes\n"
"                         on with it\n"
"  -f, --format FORMAT    of results: csv or ndjson\n"
"  -i, --input FORMAT     of the list: csv, lines, ndjson or json\n"
"  -c, --column NAME      of CSV: the name or number of the column with the\n"
"                         addresses\n"
"  -d, --delimiter CHAR   of CSV: comma, semicolon, tab, pipe\n"
"  -q, --quiet            show no progress\n", stdout);

    fputs(
"\n"
"of \"job submit\", besides -w, -i, -c, -d:\n"
"  -n, --name NAME        of the job\n"
"      --retention TIME   how long it is kept after its end: 36h, 7d\n"
"      --sample N         N records that are spread over the list go first\n"
"      --webhook URL      is told what becomes of the job\n"
"      --webhook-events E some of completed,failed,cancelled,expires,progress\n"
"  -k, --idempotency-key K  the same key is the same job; else it is made\n"
"                         from the list and the options\n"
"      --watch            watch the job; with -o FILE get its results then\n"
"\n"
"of \"job results\", besides -o, -f:\n"
"      --status STATUS, --reason REASON   those results only\n"
"      --order ORDER      input (that of the list), or done\n"
"\n"
"of \"job list\": --state STATE; of \"job list\" and \"job show\": -j, --json\n"
"\n"
"  -h, --help   -V, --version\n"
"\n"
"exit code: 0 deliverable, or the list or job is complete; 1 undeliverable;\n"
"3 risky; 4 unknown; 2 wrong usage; 5 failed; 6 not complete, to be tried\n"
"later; 7 the job was cancelled\n", stdout);
}
