/* Every protocol limit as AE_<NAME>, from one table: base/limits.def. */
#ifndef AE_BASE_LIMITS_H
#define AE_BASE_LIMITS_H

enum {
#define AE_LIMIT(name, value, unit, reason) AE_##name = value,
#include "base/limits.def"
#undef AE_LIMIT
};

#define AE_PAGE_LEN 65536 /* bytes of a Wasm page */

_Static_assert(
    AE_MEMORY_PAGES_INITIAL_MAX <= AE_MEMORY_PAGES_MAX, "initial memory fits the maximum");
_Static_assert(
    (long)AE_MEMORY_PAGES_MAX *AE_PAGE_LEN <= AE_GUEST_MEMORY_LEN_MAX, "one memory fits");
_Static_assert(
    AE_UPLOAD_LEN_MAX == AE_MODULE_LEN_MAX + AE_UPLOAD_NAME_LEN_MAX + AE_UPLOAD_META_LEN_MAX,
    "whatever may be uploaded fits");

#endif
