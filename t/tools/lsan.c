
/*
 * Linked into the nginx of "make asan".  nginx gives back the memory of its
 * configuration only where a cycle ends: what a process leaves that only tests
 * one or sends a signal is no leak.
 */


#include <signal.h>
#include <stdint.h>
#include <stddef.h>


/* weak: configure links its tests with this file, too */

extern uintptr_t     ngx_process  __attribute__((weak));
extern sig_atomic_t  ngx_quit  __attribute__((weak));
extern sig_atomic_t  ngx_terminate  __attribute__((weak));


int __lsan_is_turned_off(void);
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);


int
__lsan_is_turned_off(void)
{
    if (&ngx_process == NULL) {
        return 1;
    }

    switch (ngx_process) {

    case 3:                             /* NGX_PROCESS_WORKER */
        return 0;

    case 0:                             /* NGX_PROCESS_SINGLE */
        return !ngx_quit && !ngx_terminate;

    default:
        return 1;
    }
}


/* the arrays of connections and events; what PCRE keeps for a pattern */

const char *
__lsan_default_suppressions(void)
{
    return "leak:ngx_event_process_init\nleak:ngx_regex_malloc\n";
}


const char *
__lsan_default_options(void)
{
    return "print_suppressions=0";
}
