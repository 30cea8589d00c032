#include "base/mutex.h"

#include "base/assert.h"

void ae_mutex_init(ae_mutex *mutex) {
    AE_ASSERT(pthread_mutex_init(&mutex->native, NULL) == 0);
}

void ae_mutex_deinit(ae_mutex *mutex) {
    AE_ASSERT(pthread_mutex_destroy(&mutex->native) == 0);
}

void ae_mutex_lock(ae_mutex *mutex) {
    AE_ASSERT(pthread_mutex_lock(&mutex->native) == 0);
}

void ae_mutex_unlock(ae_mutex *mutex) {
    AE_ASSERT(pthread_mutex_unlock(&mutex->native) == 0);
}
