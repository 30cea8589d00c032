// Lines that tests/cli/profile_test.py looks for, each by the comment behind it.
#include "aether.h"

static uint32_t table[64];

__attribute__((noinline)) static uint32_t mix(uint32_t rounds) {
    uint32_t sum = 1;
    for (uint32_t i = 0; i < rounds; i++)
        sum = sum * 31 + table[i % 64]; // hot
    return sum;
}

__attribute__((noinline)) static uint32_t divide(uint32_t a, uint32_t b) {
    return a / b; // fault
}

__attribute__((noinline)) static uint32_t depth(uint32_t levels) {
    return levels == 0 ? mix(20) : 3 * depth(levels - 1) + 1;
}

// The first byte of the input: 1 faults, 2 reverts, 3 never ends, 4 fills memory; else all is well.
AETHER_EXPORT(execute) {
    uint8_t wish = 0;
    aether_host_input(&wish, 1);
    table[0] = mix(500) + depth(6);
    if (wish == 1)
        table[1] = divide(7, table[2]); // call
    if (wish == 2)
        aether_host_revert("no", 2);
    while (wish == 3)
        table[3] = mix(table[0]);
    if (wish == 4)
        aether_host_storage_write("key", 3, table, sizeof table); // write
    return 0;
}
