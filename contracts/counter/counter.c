/* The first contract: counts its calls, and returns the count as a little-endian u64. */
#include <aether.h>

AETHER_EXPORT(execute) {
    uint64_t count = 0;
    aether_host_storage_read("count", 5, &count, sizeof count);
    count++;
    aether_host_storage_write("count", 5, &count, sizeof count);
    return aether_return(&count, sizeof count);
}
