
#include <string.h>
#include <cjson/cJSON.h>

#include "sv_json.h"
#include "sv_rdap.h"
#include "sv_str.h"


#define SV_RDAP_EVENTS  64
#define SV_DAY          86400


static int sv_rdap_is_flat(const char *json, size_t len);
static int sv_rdap_events(const cJSON *root, int64_t now);
static int sv_rdap_is(const cJSON *item, const char *word);
static int sv_rdap_date(const char *text, int64_t *time);
static int sv_rdap_offset(const char *p, int64_t *time);
static int sv_rdap_number(const char **p, unsigned digits, char after,
    int *value);
static int64_t sv_rdap_days(int year, int month, int day);


int
sv_rdap_age(const char *json, size_t len, int64_t now)
{
    int          age;
    cJSON       *root;
    const char  *end;

    /* cJSON recurses */

    if (len == 0 || len > SV_RDAP_MAX || !sv_rdap_is_flat(json, len)) {
        return -1;
    }

    end = NULL;

    root = cJSON_ParseWithLengthOpts(json, len, &end, 0);
    if (root == NULL) {
        return -1;
    }

    while (end < json + len && sv_json_is_space(*end)) {
        end++;
    }

    age = (end == json + len) ? sv_rdap_events(root, now) : -1;

    cJSON_Delete(root);

    return age;
}


static int
sv_rdap_is_flat(const char *json, size_t len)
{
    int       string;
    size_t    i;
    unsigned  depth;

    depth = 0;
    string = 0;

    for (i = 0; i < len; i++) {

        if (string) {
            if (json[i] == '\\') {
                i++;

            } else if (json[i] == '"') {
                string = 0;
            }

            continue;
        }

        switch (json[i]) {

        case '"':
            string = 1;
            break;

        case '{':
        case '[':
            if (++depth > SV_RDAP_DEPTH) {
                return 0;
            }

            break;

        case '}':
        case ']':
            if (depth-- == 0) {
                return 0;
            }
        }
    }

    return 1;
}


/* Looks only at events of the top-level object, as its entities have their
   own. */

static int
sv_rdap_events(const cJSON *root, int64_t now)
{
    int           n;
    int64_t       time, newest;
    const cJSON  *events, *event, *action;

    if (!cJSON_IsObject(root)
        || !sv_rdap_is(cJSON_GetObjectItemCaseSensitive(root,
                                                        "objectClassName"),
                       "domain"))
    {
        return -1;
    }

    events = cJSON_GetObjectItemCaseSensitive(root, "events");

    if (!cJSON_IsArray(events)) {
        return -1;
    }

    n = 0;
    newest = -1;

    for (event = events->child; event && n < SV_RDAP_EVENTS;
         event = event->next, n++)
    {
        action = cJSON_GetObjectItemCaseSensitive(event, "eventAction");

        /* a domain that was deleted and registered again is as old as its last
           registration */

        if (!sv_rdap_is(action, "registration")
            && !sv_rdap_is(action, "reregistration"))
        {
            continue;
        }

        action = cJSON_GetObjectItemCaseSensitive(event, "eventDate");

        if (!cJSON_IsString(action)
            || sv_rdap_date(action->valuestring, &time) != 0)
        {
            continue;
        }

        newest = (time > newest) ? time : newest;
    }

    /* clocks may differ, but not by a day */

    if (newest < 0 || newest > now + SV_DAY) {
        return -1;
    }

    return (newest < now) ? (int) ((now - newest) / SV_DAY) : 0;
}


static int
sv_rdap_is(const cJSON *item, const char *word)
{
    return cJSON_IsString(item)
           && sv_is_word(item->valuestring, strlen(item->valuestring), word);
}


/* Reads a date of RFC 3339: "1997-09-15T04:00:00.5Z"; some servers send only
   the date. */

static int
sv_rdap_date(const char *text, int64_t *time)
{
    int         year, month, day, hour, minute, second, last;
    const char *p;

    static const unsigned char  days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    p = text;

    if (sv_rdap_number(&p, 4, '-', &year) != 0
        || sv_rdap_number(&p, 2, '-', &month) != 0
        || sv_rdap_number(&p, 2, 0, &day) != 0
        || year < 1970 || month < 1 || month > 12 || day < 1)
    {
        return -1;
    }

    last = days[month - 1];
    last += (month == 2
             && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0));

    if (day > last) {
        return -1;
    }

    *time = sv_rdap_days(year, month, day) * SV_DAY;

    if (*p == '\0') {
        return 0;
    }

    if (*p != 'T' && *p != 't' && *p != ' ') {
        return -1;
    }

    p++;

    if (sv_rdap_number(&p, 2, ':', &hour) != 0
        || sv_rdap_number(&p, 2, ':', &minute) != 0
        || sv_rdap_number(&p, 2, 0, &second) != 0
        || hour > 23 || minute > 59 || second > 60)
    {
        return -1;
    }

    *time += hour * 3600 + minute * 60 + second;

    if (*p == '.') {
        do {
            p++;
        } while (sv_is_digit(*p));
    }

    return sv_rdap_offset(p, time);
}


static int
sv_rdap_offset(const char *p, int64_t *time)
{
    int   hour, minute;
    char  sign;

    sign = *p;

    if (sign == '\0' || ((sign == 'Z' || sign == 'z') && p[1] == '\0')) {
        return 0;
    }

    p++;

    if ((sign != '+' && sign != '-')
        || sv_rdap_number(&p, 2, ':', &hour) != 0
        || sv_rdap_number(&p, 2, 0, &minute) != 0
        || *p != '\0' || hour > 23 || minute > 59)
    {
        return -1;
    }

    minute += hour * 60;
    *time -= (sign == '+') ? minute * 60 : -minute * 60;

    return 0;
}


static int
sv_rdap_number(const char **p, unsigned digits, char after, int *value)
{
    *value = 0;

    while (digits-- > 0) {
        if (!sv_is_digit(**p)) {
            return -1;
        }

        *value = *value * 10 + (*(*p)++ - '0');
    }

    if (after != 0 && *(*p)++ != after) {
        return -1;
    }

    return 0;
}


/* Returns the days since the epoch, in the Gregorian calendar.  March is
   counted as the first month. */

static int64_t
sv_rdap_days(int year, int month, int day)
{
    int64_t  y, m;

    m = (month + 9) % 12;
    y = year - (m >= 10);

    return 365 * y + y / 4 - y / 100 + y / 400 + (306 * m + 5) / 10
           + (day - 1) - 719468;
}
