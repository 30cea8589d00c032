#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void ae_panic(const char *file, int line, const char *expression) {
    fprintf(stderr, "aether: assertion failed at %s:%d: %s\n", file, line, expression);
    abort();
}
