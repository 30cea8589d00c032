/* A store whose n-th call fails. */
#ifndef AE_TESTS_CHAIN_FAILING_H
#define AE_TESTS_CHAIN_FAILING_H

#include <aether/store.h>

typedef struct failing {
    aether_store inner;
    uint64_t calls;
    uint64_t fail_at; /* from 1; 0: none */
} failing;

static inline aether_status failing_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    failing *self = user;
    if (++self->calls == self->fail_at)
        return AETHER_STORAGE_FAILED;
    return self->inner.get(self->inner.user, key, out_value, out_found, err);
}

static inline aether_status failing_next(void *user, aether_bytes prefix, aether_bytes after,
    bool descending, aether_bytes *out_key, bool *out_found, aether_error *err) {
    failing *self = user;
    if (++self->calls == self->fail_at)
        return AETHER_STORAGE_FAILED;
    return self->inner.next(self->inner.user, prefix, after, descending, out_key, out_found, err);
}

static inline aether_store failing_interface(failing *self) {
    return (aether_store){.user = self, .get = failing_get, .next = failing_next};
}

#endif
