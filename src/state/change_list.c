#include "state/change_list.h"

#include <string.h>

#include "base/assert.h"

void ae_change_list_init(ae_change_list *list, ae_arena *arena) {
    *list = (ae_change_list){.arena = arena};
}

aether_status ae_change_list_add(ae_change_list *list, aether_change change, aether_error *err) {
    if (list->last == NULL || list->last->count == AE_CHANGE_CHUNK) {
        ae_change_chunk *chunk =
            ae_arena_alloc(list->arena, sizeof *chunk, _Alignof(ae_change_chunk));
        if (chunk == NULL)
            return ae_fail(
                err, AETHER_OUT_OF_MEMORY, "a batch of more than %zu changes", list->count);
        chunk->next = NULL;
        chunk->count = 0;
        if (list->last == NULL)
            list->first = chunk;
        else
            list->last->next = chunk;
        list->last = chunk;
    }
    list->last->changes[list->last->count++] = change;
    list->count++;
    return AETHER_OK;
}

void ae_change_list_join(ae_change_list *list, ae_change_list *tail) {
    AE_ASSERT(list->arena == tail->arena);
    if (tail->first == NULL)
        return;
    if (list->last == NULL)
        list->first = tail->first;
    else
        list->last->next = tail->first;
    list->last = tail->last;
    list->count += tail->count;
    ae_change_list_init(tail, tail->arena);
}

aether_status ae_change_list_flatten(const ae_change_list *list, const aether_change **out_changes,
    size_t *out_count, aether_error *err) {
    aether_change *changes =
        ae_arena_alloc(list->arena, list->count * sizeof *changes, _Alignof(aether_change));
    if (changes == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "a batch of %zu changes", list->count);
    size_t filled = 0;
    for (const ae_change_chunk *chunk = list->first; chunk != NULL; chunk = chunk->next) {
        memcpy(changes + filled, chunk->changes, chunk->count * sizeof *changes);
        filled += chunk->count;
    }
    AE_ASSERT(filled == list->count);
    *out_changes = changes;
    *out_count = filled;
    return AETHER_OK;
}
