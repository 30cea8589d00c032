/* What every state store must do, as one function: run it from a test of that store. */
#ifndef AE_TESTS_HARNESS_STORE_CONFORMANCE_H
#define AE_TESTS_HARNESS_STORE_CONFORMANCE_H

#include <aether/store.h>

/* A store under test. */
typedef struct store_fixture {
    void *user;
    /* The state as it is now; asked for anew after each apply. */
    aether_store (*view)(void *user);
    /* As aether_memory_store_apply. */
    aether_status (*apply)(
        void *user, const aether_change *changes, size_t count, aether_error *err);
} store_fixture;

/* The store must be empty; afterwards it holds anything. Failed checks abort, as everywhere. */
void store_conformance_run(const store_fixture *store);

#endif
