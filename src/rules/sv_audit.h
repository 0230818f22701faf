
/*
 * The checks of the self-audit: their names, what to do if they fail, and what
 * the history of an egress says about port 25.  Plain C, without nginx.
 */


#ifndef _SV_AUDIT_H_INCLUDED_
#define _SV_AUDIT_H_INCLUDED_


#include <stdint.h>


#define SV_AUDIT_HOSTS   8          /* failed destinations that are kept */

#define SV_AUDIT_FEW     2          /* enough if nothing was ever reached */
#define SV_AUDIT_MANY    5          /* enough if something was reached before */
#define SV_AUDIT_QUIET   60000      /* ms without a connection */
#define SV_AUDIT_RECENT  900000     /* ms: older failures do not count */


typedef enum {
    SV_AUDIT_UNKNOWN = 0,           /* not established */
    SV_AUDIT_PASS,
    SV_AUDIT_WARN,
    SV_AUDIT_FAIL
} sv_audit_status_e;


/*
 * A check is one row: its name, which is also its heading in
 * docs/troubleshooting.md, and what to do if it does not pass.  Those of an
 * egress come first, then those of the host.
 */

#define SV_AUDIT_ROWS(CHECK)                                                  \
    CHECK(PORT, "port_25",                                                    \
          "Ask your provider to open outgoing port 25, or connect through a " \
          "proxy where it is open.")                                          \
    CHECK(RESOLVER, "resolver",                                               \
          "Name a server in \"resolver\" that answers and resolves public "   \
          "names.")                                                           \
    CHECK(HELO, "helo",                                                       \
          "Give the HELO name an A or AAAA record with the address that mail "\
          "servers see.")                                                     \
    CHECK(PTR, "ptr",                                                         \
          "Ask the owner of the address to set its PTR record to the HELO "   \
          "name.")                                                            \
    CHECK(MAIL_FROM, "mail_from",                                             \
          "Use an address in MAIL FROM whose domain takes mail, and read "    \
          "what is sent to it.")                                              \
    CHECK(SPF, "spf",                                                         \
          "Allow the address in the SPF record of the domain in MAIL FROM.")  \
    CHECK(BLOCKLISTS, "blocklists",                                           \
          "Find the cause, end it, and ask the list to remove the address.")  \
    CHECK(CLOCK, "clock",                                                     \
          "Set the clock of the host, and keep it right by NTP.")             \
    CHECK(FILES, "files",                                                     \
          "Raise \"worker_rlimit_nofile\" above "                             \
          "\"worker_connections\".")                                          \
    CHECK(STORE, "store",                                                     \
          "Delete jobs, raise \"size=\" of "                                  \
          "\"smtp_verify_jobs_store\", or make room on the disk.")           \
    CHECK(FLEET, "fleet",                                                     \
          "Start the fleet store, or see in the error log why it cannot be "  \
          "used.")


#define SV_AUDIT_ENUM(id, name, remedy)  SV_AUDIT_##id,

typedef enum {
    SV_AUDIT_ROWS(SV_AUDIT_ENUM)
    SV_AUDIT_CHECKS
} sv_audit_check_e;

#define SV_AUDIT_EGRESS_CHECKS  SV_AUDIT_CLOCK


/* what was seen of port 25; all times are in ms, 0: never */

typedef struct {
    uint64_t    reached;            /* the last connection */
    uint64_t    first;              /* the first failure after it */
    uint64_t    failed;             /* the last failure */
    uint32_t    n;                  /* destinations that failed after it */
    uint32_t    refused;            /* those of them that refused at once */
    uint32_t    confirmed;          /* a host of ours failed, too, which no
                                       client has chosen */
    uint32_t    outside;            /* a public address was tried: now only
                                       these count */
    uint64_t    hosts[SV_AUDIT_HOSTS];
} sv_audit_history_t;


const char *sv_audit_name(sv_audit_check_e check);
const char *sv_audit_remedy(sv_audit_check_e check);

/* NULL if the status is unknown */
const char *sv_audit_status_name(sv_audit_status_e status);

/*
 * outside: the mail server has a public address.  One in our own network says
 * nothing about the way out, so it counts only until a public one was tried.
 * Returns 0 if it does not count.
 */
int sv_audit_reached(sv_audit_history_t *h, int outside, uint64_t now);

/* host: a number for the destination; several failures of one destination
   count once */
void sv_audit_unreached(sv_audit_history_t *h, uint64_t host, int outside,
    int refused, uint64_t now);

/* a host of ours failed, after _unreached() was called for it */
void sv_audit_confirm(sv_audit_history_t *h);

sv_audit_status_e sv_audit_port(const sv_audit_history_t *h, uint64_t now);

/*
 * Returns 1 if the egress is surely down: the port fails, which is confirmed,
 * or many failed and nothing was ever reached.  Otherwise a client that asks
 * for dead domains could keep others from being served.
 */
int sv_audit_down(const sv_audit_history_t *h, uint64_t now);


#endif /* _SV_AUDIT_H_INCLUDED_ */
