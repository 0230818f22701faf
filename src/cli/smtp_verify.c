
/* The command, and the exit code that scripts look at. */


#include "smtp_verify.h"


static void sv_client_stop(int signo);


volatile sig_atomic_t  sv_client_stopped;


int
main(int argc, char **argv)
{
    int                  rc, n;
    char               **words;
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

    words = options.words;
    n = options.nwords;

    if (strcmp(words[0], "list") == 0) {
        rc = sv_client_list(&options, words[1]);

    } else if (strcmp(words[0], "job") == 0) {
        rc = sv_client_job(&options, words + 1, n - 1);

    } else {
        rc = sv_client_one(&options, words, n);
    }

    curl_global_cleanup();

    return rc;
}


static void
sv_client_stop(int signo)
{
    (void) signo;

    sv_client_stopped = 1;
}
