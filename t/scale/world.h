
/*
 * A world for nginx: a clock that only goes on when nobody has anything to do,
 * name servers, and mail servers that count what each of our addresses does.
 * It is loaded in front of the C library (LD_PRELOAD).  nginx and the module
 * are those that are installed, unchanged.
 *
 *   clock.c    time, the event loop's wait, threads, random numbers
 *   control.c  commands of the script that runs it, and the numbers for it
 *   dns.c      MX and A records
 *   smtp.c     mail servers
 */


#ifndef _WORLD_H_INCLUDED_
#define _WORLD_H_INCLUDED_


#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>


#define WORLD_SECOND     1000000ull      /* us */
#define WORLD_HOUR       (3600 * WORLD_SECOND)
#define WORLD_RECEIVERS  64
#define WORLD_NEVER      ((uint64_t) -1)


/* 0: no such limit.  All are for one address of ours. */

typedef struct {
    char        name[32];
    unsigned    each;           /* each of its addresses counts for itself */
    unsigned    conns;          /* sessions at once */
    unsigned    messages;       /* transactions in a session */
    unsigned    hard;           /* refused recipients in a session */
    unsigned    rejects;        /* refused recipients in an hour */
    unsigned    ban;            /* s, for more of them */
    unsigned    rate;           /* recipients in a minute */
    unsigned    grey;           /* s until a new pair is accepted */
    unsigned    known;          /* accepted pairs until grey ends */
    unsigned    rtt;            /* ms */
    unsigned    greets;         /* ms until the greeting */
    unsigned    tarpit;         /* ms for a refused recipient */
    unsigned    catchall;

    uint64_t    sessions;
    uint64_t    turned;         /* sessions that were refused */
    uint64_t    rcpts;
    uint64_t    accepted;
    uint64_t    refused;
    uint64_t    deferred;
    uint64_t    cut;            /* sessions that were ended by a limit */
    uint64_t    bans;
    uint64_t    open;
    uint64_t    most;           /* open at once, of one address of ours */
    uint64_t    hour;           /* most refused in an hour, likewise */
} receiver_t;


extern receiver_t  world_receivers[WORLD_RECEIVERS];
extern unsigned    world_nreceivers;


/* clock.c */
uint64_t world_now(void);
/* an environment variable of the script */
const char *world_setting(const char *name);
void world_add_fd(int fd, void (*handler)(void *data), void *data);
void world_del_fd(int fd);
uint64_t world_random(void);
/* lets the clock go on for so many us, or stops it */
void world_go(uint64_t us);

/* control.c */
void world_control_start(void);
/* the time that was asked for is over */
void world_control_reached(void);
const char *world_value(const char *line, const char *name);
receiver_t *world_receiver(const char *name, size_t len);

/* dns.c */
int world_dns_line(const char *line);
void world_dns_start(void);
/* the receiver of an address, and whose counters it has */
receiver_t *world_dns_receiver(uint32_t addr, uint32_t *site);

/* smtp.c */
int world_smtp_line(const char *line);
void world_smtp_start(void);
uint64_t world_smtp_next(void);
/* returns how many timers have expired */
unsigned world_smtp_expire(void);
void world_smtp_block(uint32_t addr, int on);


#endif /* _WORLD_H_INCLUDED_ */
