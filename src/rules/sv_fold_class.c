
#include "sv_fold_class.h"


#define E  SV_FOLD_END
#define R  SV_FOLD_RUN
#define W  (SV_FOLD_RUN|SV_FOLD_URL)
#define D  (SV_FOLD_RUN|SV_FOLD_OTHER|SV_FOLD_DOT)
#define S  (SV_FOLD_RUN|SV_FOLD_OTHER)
#define C  (SV_FOLD_URL|SV_FOLD_COLON)
#define A  SV_FOLD_AT
#define L  (SV_FOLD_RUN|SV_FOLD_OTHER|SV_FOLD_WIDE)

const unsigned char  sv_fold_class[256] = {
    E, E, E, E, E, E, E, E, E, E, E, E, E, E, E, E,
    E, E, E, E, E, E, E, E, E, E, E, E, E, E, E, E,
    E, 0, E, 0, 0, 0, 0, 0, E, E, 0, 0, E, S, D, 0,
    R, R, R, R, R, R, R, R, R, R, C, E, E, 0, E, 0,
    A, R, R, R, R, R, R, R, R, R, R, R, R, R, R, R,
    R, R, R, R, R, R, R, W, R, R, R, E, 0, E, 0, S,
    E, R, R, R, R, R, R, R, R, R, R, R, R, R, R, R,
    R, R, R, R, R, R, R, W, R, R, R, E, E, E, 0, E,
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
    S, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
    S, S, S, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L
};
