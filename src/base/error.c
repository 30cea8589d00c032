#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

aether_status ae_fail(aether_error *err, aether_status status, const char *format, ...) {
    if (err == NULL)
        return status;
    err->status = status;
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (len >= (int)sizeof err->message)
        memcpy(err->message + sizeof err->message - 4, "...", 4);
    return status;
}
