
/*
 * Words that change what the sentence around them says, whatever a rule file
 * knows.  A word is folded, or in the spelling of the reply.
 */


#include "sv_str.h"
#include "sv_words.h"


int
sv_word_is_place(const unsigned char *p, size_t len)
{
    static const char *const  words[] = {
        "at", "in", "on", "by", "due", "because", "auf", "bei", "wegen",
        "aufgrund", "dans", "sur", "chez", "pour", "par", "en", "por", "em",
        "nel", "nella", "per", "op", "bij", "wegens", "na", "w", "ve",
        "kvuli", "seit", "durch", "pelo", "pela", "za", "od", "z", "dal",
        "depuis", "desde", "pa", "pe", "i", "\320\262",
        "\320\267\320\260", "\320\275\320\260", NULL
    };

    return sv_word_is_one(p, len, words);
}


int
sv_word_is_yours(const unsigned char *p, size_t len)
{
    static const char *const  words[] = {
        "you", "your", "ihr", "ihre", "ihrem", "ihren", "ihrer", "ihres",
        "votre", "vos", "su", "sus", "suo", "sua", "vostro", "vostra", "seu",
        "uw", "jouw", "din", "dit", "ditt", "dina", "dine", "twoj", "twoim",
        "twojej", "panstwa", "wasz", "waszej", "vas", "vase", "vasem",
        "vasi", "\320\262\320\260\321\210",
        "\320\262\320\260\321\210\320\265\320\274",
        "\320\262\320\260\321\210\320\265\320\271",
        "\320\262\320\260\321\210\320\265\320\263\320\276", NULL
    };

    return sv_word_is_one(p, len, words);
}


int
sv_word_is_term(const unsigned char *p, size_t len)
{
    static const char *const  words[] = {
        "helo", "ehlo", "auth", "vrfy", "expn", "data", "quit", "rset",
        "dns", "rdns", "ptr", "mx", "spf", "dkim", "dmarc", "tls", "ssl",
        "rbl", "dnsbl", "ip", "sasl", "srs", "batv", "size", "dsn", "url",
        "fqdn", NULL
    };

    return sv_word_is_one(p, len, words);
}


int
sv_word_is_url(const unsigned char *p, size_t len)
{
    return len > 5 && (memcmp(p, "http.", 5) == 0
                       || memcmp(p, "https.", 6) == 0
                       || memcmp(p, "www.", 4) == 0);
}


int
sv_word_is_one(const unsigned char *p, size_t len, const char *const *words)
{
    size_t  i;

    for ( /* void */ ; *words != NULL; words++) {

        if (strlen(*words) != len) {
            continue;
        }

        for (i = 0; i < len; i++) {
            if (sv_lower(p[i]) != (unsigned char) (*words)[i]) {
                break;
            }
        }

        if (i == len) {
            return 1;
        }
    }

    return 0;
}
