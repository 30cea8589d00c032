/* A lock. Where one is declared, a comment says what it protects; no two are ever held together.
 *
 * Thread safety: thread-safe. */
#ifndef AE_BASE_MUTEX_H
#define AE_BASE_MUTEX_H

#include <pthread.h>

typedef struct ae_mutex {
    pthread_mutex_t native;
} ae_mutex;

/* Never fails for the default kind on the platforms we build for; asserted. */
void ae_mutex_init(ae_mutex *mutex);
void ae_mutex_deinit(ae_mutex *mutex);
void ae_mutex_lock(ae_mutex *mutex);
void ae_mutex_unlock(ae_mutex *mutex);

#endif
