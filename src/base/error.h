/* Filling an aether_error and passing failures up.
 *
 * Thread safety: immutable. */
#ifndef AE_BASE_ERROR_H
#define AE_BASE_ERROR_H

#include <aether/status.h>

/* Fill err (may be NULL) and return status, so that a failure is one line: `return ae_fail(...)`.
 * The message names the thing, the value and the bound; lower case, no full stop, no newline. */
__attribute__((format(printf, 3, 4), warn_unused_result)) aether_status ae_fail(
    aether_error *err, aether_status status, const char *format, ...);

#define AE_TRY(call)                                \
    do {                                            \
        const aether_status ae_try_status = (call); \
        if (ae_try_status != AETHER_OK)             \
            return ae_try_status;                   \
    } while (0)

/* Needs `aether_status status` and a `cleanup:` label in the function. */
#define AE_TRY_CLEANUP(call)     \
    do {                         \
        status = (call);         \
        if (status != AETHER_OK) \
            goto cleanup;        \
    } while (0)

/* Public ABI boundary only. */
#define AE_CHECK_ARG(expr, err)                                                             \
    do {                                                                                    \
        if (!(expr))                                                                        \
            return ae_fail((err), AETHER_INVALID_ARGUMENT, "%s: need %s", __func__, #expr); \
    } while (0)

#endif
