#include "state/recorder.h"

#include "base/bytes.h"

void ae_recorder_init(ae_recorder *recorder, ae_arena *arena, const ae_view *view) {
    *recorder = (ae_recorder){.view = *view, .arena = arena};
}

static aether_status exhausted(const ae_arena *arena, aether_error *err) {
    return ae_fail(err, AETHER_OUT_OF_MEMORY,
        "recorder: no memory for a read, the arena has %zu of %zu bytes", arena->total,
        arena->capacity_max);
}

/* Move a view of the caller's bytes into the arena. */
static bool keep(ae_arena *arena, aether_bytes *bytes) {
    if (bytes->len == 0) {
        *bytes = ae_bytes("", 0);
        return true;
    }
    uint8_t *copy = ae_arena_alloc(arena, bytes->len, 1);
    if (copy == NULL)
        return false;
    memcpy(copy, bytes->data, bytes->len);
    bytes->data = copy;
    return true;
}

static aether_status record_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    ae_recorder *recorder = user;
    ae_point_read read = {.key = key, .previous = recorder->points};
    AE_TRY(recorder->view.get(recorder->view.user, key, &read.value, &read.found, err));
    if (!read.found)
        read.value = ae_bytes(NULL, 0);
    ae_point_read *kept = ae_arena_alloc(recorder->arena, sizeof *kept, _Alignof(ae_point_read));
    if (kept == NULL || !keep(recorder->arena, &read.key) || !keep(recorder->arena, &read.value))
        return exhausted(recorder->arena, err);
    *kept = read;
    recorder->points = kept;
    *out_found = read.found;
    if (read.found)
        *out_value = read.value;
    return AETHER_OK;
}

static bool keep_range(ae_arena *arena, ae_range_read *read) {
    return keep(arena, &read->search.prefix) && keep(arena, &read->search.after) &&
           keep(arena, &read->search.bound) && keep(arena, &read->result.key);
}

static aether_status record_next(
    void *user, const ae_search *search, ae_neighbour *out, aether_error *err) {
    ae_recorder *recorder = user;
    ae_range_read read = {.search = *search, .previous = recorder->ranges};
    AE_TRY(recorder->view.next(recorder->view.user, search, &read.result, err));
    if (!read.result.found)
        read.result.key = ae_bytes(NULL, 0);
    ae_range_read *kept = ae_arena_alloc(recorder->arena, sizeof *kept, _Alignof(ae_range_read));
    if (kept == NULL || !keep_range(recorder->arena, &read))
        return exhausted(recorder->arena, err);
    *kept = read;
    recorder->ranges = kept;
    *out = read.result;
    return AETHER_OK;
}

ae_view ae_recorder_view(ae_recorder *recorder) {
    return (ae_view){.user = recorder, .get = record_get, .next = record_next};
}

static bool is_same(bool found, aether_bytes bytes, bool found_now, aether_bytes bytes_now) {
    return found == found_now && (!found || ae_bytes_equal(bytes, bytes_now));
}

aether_status ae_recorder_validate(
    const ae_recorder *recorder, const ae_view *view, bool *out_same, aether_error *err) {
    bool same = true;
    for (const ae_point_read *read = recorder->points; read != NULL && same;
         read = read->previous) {
        aether_bytes value = {0};
        bool found = false;
        AE_TRY(view->get(view->user, read->key, &value, &found, err));
        same = is_same(read->found, read->value, found, value);
    }
    for (const ae_range_read *read = recorder->ranges; read != NULL && same;
         read = read->previous) {
        ae_neighbour now = {0};
        AE_TRY(view->next(view->user, &read->search, &now, err));
        same = now.passed == read->result.passed &&
               is_same(read->result.found, read->result.key, now.found, now.key);
    }
    *out_same = same;
    return AETHER_OK;
}
