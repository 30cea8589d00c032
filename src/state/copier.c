#include "state/copier.h"

void *ae_copier_reserve(ae_copier *copier, size_t count, size_t size) {
    void *memory = copier->is_exhausted ? NULL : ae_arena_alloc(copier->arena, count * size, 8);
    copier->is_exhausted = memory == NULL;
    return memory;
}

aether_bytes ae_copier_bytes(ae_copier *copier, aether_bytes bytes) {
    uint8_t *copy = bytes.len != 0 ? ae_copier_reserve(copier, bytes.len, 1) : NULL;
    if (copy == NULL)
        return (aether_bytes){0};
    memcpy(copy, bytes.data, bytes.len);
    return ae_bytes(copy, bytes.len);
}

const char *ae_copier_text(ae_copier *copier, aether_bytes text) {
    char *copy = ae_copier_reserve(copier, text.len + 1, 1);
    if (copy == NULL)
        return "";
    if (text.len != 0)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

const aether_log *ae_copier_logs(ae_copier *copier, const aether_log *logs, size_t count) {
    aether_log *copies = count != 0 ? ae_copier_reserve(copier, count, sizeof *copies) : NULL;
    if (copies == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const aether_bytes topics =
            ae_bytes(logs[i].topics, logs[i].topic_count * sizeof *logs[i].topics);
        copies[i] = (aether_log){.address = logs[i].address,
            .topics = (const aether_hash *)(const void *)ae_copier_bytes(copier, topics).data,
            .topic_count = logs[i].topic_count,
            .data = ae_copier_bytes(copier, logs[i].data)};
    }
    return copies;
}

const aether_change *ae_copier_changes(
    ae_copier *copier, const aether_change *changes, size_t count) {
    aether_change *copies = count != 0 ? ae_copier_reserve(copier, count, sizeof *copies) : NULL;
    if (copies == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        copies[i] = (aether_change){.key = ae_copier_bytes(copier, changes[i].key),
            .value = changes[i].is_removed ? (aether_bytes){0}
                                           : ae_copier_bytes(copier, changes[i].value),
            .is_removed = changes[i].is_removed};
    return copies;
}
