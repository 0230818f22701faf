
/* The command: what is asked for, and the exit code that scripts look at. */


#include <getopt.h>
#include <stdlib.h>

#include "smtp_verify.h"
#include "sv_version.h"


#define SV_CLIENT_URL     "http://127.0.0.1:8025"
#define SV_CLIENT_TOKEN   256


static int sv_client_options(sv_client_options_t *o, int argc, char **argv);
static int sv_client_option(sv_client_options_t *o, int c);
static int sv_client_token(sv_client_options_t *o, const char *name);
static int sv_client_check(const sv_client_options_t *o);
static int sv_client_wrong(void);
static void sv_client_help(void);
static void sv_client_stop(int signo);


volatile sig_atomic_t  sv_client_stopped;

static char  sv_client_token_text[SV_CLIENT_TOKEN];
static char  sv_client_url_text[1024];


static const struct option  sv_client_long_options[] = {
    { "url",       required_argument, NULL, 'u' },
    { "token",     required_argument, NULL, 't' },
    { "cacert",    required_argument, NULL, 'C' },
    { "output",    required_argument, NULL, 'o' },
    { "format",    required_argument, NULL, 'f' },
    { "input",     required_argument, NULL, 'i' },
    { "column",    required_argument, NULL, 'c' },
    { "delimiter", required_argument, NULL, 'd' },
    { "wait",      required_argument, NULL, 'w' },
    { "no-smtp",   no_argument,       NULL, 'n' },
    { "json",      no_argument,       NULL, 'j' },
    { "quiet",     no_argument,       NULL, 'q' },
    { "help",      no_argument,       NULL, 'h' },
    { "version",   no_argument,       NULL, 'V' },
    { NULL,        0,                 NULL, 0 }
};


int
main(int argc, char **argv)
{
    int                  rc;
    sv_client_options_t  options;
    struct sigaction     sa;

    memset(&options, 0, sizeof(sv_client_options_t));

    rc = sv_client_options(&options, argc, argv);
    if (rc != -1) {
        return rc;
    }

    memset(&sa, 0, sizeof(struct sigaction));
    sa.sa_handler = sv_client_stop;
    (void) sigaction(SIGINT, &sa, NULL);
    (void) sigaction(SIGTERM, &sa, NULL);
    (void) signal(SIGPIPE, SIG_IGN);

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        fprintf(stderr, "smtp-verify: libcurl cannot be used\n");
        return SV_CLIENT_FAILED;
    }

    if (strcmp(argv[optind], "list") == 0) {
        rc = sv_client_list(&options, argv[optind + 1]);

    } else {
        rc = sv_client_one(&options, argv + optind, argc - optind);
    }

    curl_global_cleanup();

    return rc;
}


/* -1: to be done; else an exit code */

static int
sv_client_options(sv_client_options_t *o, int argc, char **argv)
{
    int          c, rc;
    size_t       len;
    const char  *url;

    o->token = getenv("SMTP_VERIFY_TOKEN");

    url = getenv("SMTP_VERIFY_URL");
    o->url = url ? url : SV_CLIENT_URL;

    while ((c = getopt_long(argc, argv, "u:t:o:f:i:c:d:w:njqhV",
                            sv_client_long_options, NULL))
           != -1)
    {
        rc = sv_client_option(o, c);
        if (rc != -1) {
            return rc;
        }
    }

    if (optind == argc
        || (strcmp(argv[optind], "list") == 0 && argc - optind != 2))
    {
        return sv_client_wrong();
    }

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

    return sv_client_check(o);
}


static int
sv_client_option(sv_client_options_t *o, int c)
{
    switch (c) {
    case 'u':  o->url = optarg;        break;
    case 'C':  o->cacert = optarg;     break;
    case 'o':  o->output = optarg;     break;
    case 'f':  o->format = optarg;     break;
    case 'i':  o->input = optarg;      break;
    case 'c':  o->column = optarg;     break;
    case 'd':  o->delimiter = optarg;  break;
    case 'w':  o->wait = optarg;       break;
    case 'n':  o->no_smtp = 1;         break;
    case 'j':  o->json = 1;            break;
    case 'q':  o->quiet = 1;           break;

    case 't':
        return sv_client_token(o, optarg);

    case 'h':
        sv_client_help();
        return 0;

    case 'V':
        printf("smtp-verify %s\n", SV_VERSION);
        return 0;

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
sv_client_check(const sv_client_options_t *o)
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

    if (o->wait && strspn(o->wait, "0123456789") != strlen(o->wait)) {
        fprintf(stderr, "smtp-verify: --wait needs a number of seconds\n");
        return SV_CLIENT_USAGE;
    }

    return -1;
}


static int
sv_client_wrong(void)
{
    fputs("usage: smtp-verify [options] ADDRESS ...\n"
          "       smtp-verify [options] list FILE\n"
          "\"smtp-verify --help\" has the options.\n", stderr);

    return SV_CLIENT_USAGE;
}


static void
sv_client_help(void)
{
    fputs(
"usage: smtp-verify [options] ADDRESS ...\n"
"       smtp-verify [options] list FILE       (\"-\": the standard input)\n"
"\n"
"  -u, --url URL          the API: URL/verify for addresses, URL/batch for a\n"
"                         list; else $SMTP_VERIFY_URL, else\n"
"                         " SV_CLIENT_URL "\n"
"  -t, --token FILE       a file whose first line is the token; else\n"
"                         $SMTP_VERIFY_TOKEN\n"
"      --cacert FILE      CA certificates that verify the server\n"
"  -w, --wait SECONDS     how long retries may take: of greylisted\n"
"                         addresses, and of those that limits held back\n"
"  -n, --no-smtp          no mail server is asked\n"
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
"  -q, --quiet            show no progress\n"
"\n"
"  -h, --help   -V, --version\n"
"\n"
"exit code: 0 deliverable, or the list is complete; 1 undeliverable;\n"
"3 risky; 4 unknown; 2 wrong usage; 5 failed; 6 not complete, to be tried\n"
"later\n", stdout);
}


static void
sv_client_stop(int signo)
{
    (void) signo;

    sv_client_stopped = 1;
}
