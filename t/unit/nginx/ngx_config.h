
#include "ngx_core.h"
