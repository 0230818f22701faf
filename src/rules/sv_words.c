
/*
 * Words that change what the sentence around them says, whatever a rule file
 * knows.  NULL ends a list.
 */


#include "sv_words.h"


const char *const  sv_words_place[] = {
    "at", "in", "on", "by", "due", "because", "auf", "bei", "wegen",
    "aufgrund", "dans", "sur", "chez", "pour", "par", "en", "por", "em",
    "nel", "nella", "per", "op", "bij", "wegens", "na", "w", "ve",
    "kvuli", "seit", "durch", "pelo", "pela", "za", "od", "z", "dal",
    "depuis", "desde", "pa", "pe", "i", "\320\262",
    "\320\267\320\260", "\320\275\320\260", NULL
};


const char *const  sv_words_yours[] = {
    "you", "your", "ihr", "ihre", "ihrem", "ihren", "ihrer", "ihres",
    "votre", "vos", "su", "sus", "suo", "sua", "vostro", "vostra", "seu",
    "uw", "jouw", "din", "dit", "ditt", "dina", "dine", "twoj", "twoim",
    "twojej", "panstwa", "wasz", "waszej", "vas", "vase", "vasem",
    "vasi", "\320\262\320\260\321\210",
    "\320\262\320\260\321\210\320\265\320\274",
    "\320\262\320\260\321\210\320\265\320\271",
    "\320\262\320\260\321\210\320\265\320\263\320\276", NULL
};


const char *const  sv_words_term[] = {
    "helo", "ehlo", "auth", "vrfy", "expn", "data", "quit", "rset",
    "dns", "rdns", "ptr", "mx", "spf", "dkim", "dmarc", "tls", "ssl",
    "rbl", "dnsbl", "ip", "sasl", "srs", "batv", "size", "dsn", "url",
    "fqdn", NULL
};
