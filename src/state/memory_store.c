#include "base/alloc.h"
#include "base/error.h"
#include "state/ordered_map.h"

#include <aether/store.h>

/* One key with its value, both behind the struct. Every record is marked in the map. */
typedef struct record {
    ae_map_node node; // first: a node is its record
    aether_bytes value;
    struct record *next; // of a list while a batch is applied
} record;

struct aether_memory_store {
    ae_map records;
};

aether_status aether_memory_store_create(aether_memory_store **out_store, aether_error *err) {
    AE_CHECK_ARG(out_store != NULL, err);
    aether_memory_store *store = ae_alloc(1, sizeof *store);
    if (store == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "memory store: no memory to make it");
    *out_store = store;
    return AETHER_OK;
}

static void free_list(record *list) {
    while (list != NULL) {
        record *next = list->next;
        ae_free(list);
        list = next;
    }
}

void aether_memory_store_destroy(aether_memory_store *store) {
    if (store == NULL)
        return;
    record *list = NULL; // in reverse, since a record's way onward dies with it
    for (ae_map_node *at = ae_map_first(&store->records); at != NULL; at = ae_map_following(at)) {
        ((record *)at)->next = list;
        list = (record *)at;
    }
    free_list(list);
    ae_free(store);
}

static aether_status memory_store_get(
    void *user, aether_bytes key, aether_bytes *out_value, bool *out_found, aether_error *err) {
    (void)err;
    const aether_memory_store *store = user;
    const record *found = (const record *)ae_map_locate(&store->records, key).node;
    if (found != NULL)
        *out_value = found->value;
    *out_found = found != NULL;
    return AETHER_OK;
}

static aether_status memory_store_next(void *user, aether_bytes prefix, aether_bytes after,
    bool descending, aether_bytes *out_key, bool *out_found, aether_error *err) {
    (void)err;
    const aether_memory_store *store = user;
    const ae_map_node *found = ae_map_neighbour(&store->records, prefix, after, descending);
    if (found != NULL)
        *out_key = found->key;
    *out_found = found != NULL;
    return AETHER_OK;
}

aether_store aether_memory_store_interface(aether_memory_store *store) {
    return (aether_store){.user = store, .get = memory_store_get, .next = memory_store_next};
}

static aether_status check_changes(const aether_change *changes, size_t count, aether_error *err) {
    for (size_t i = 0; i < count; i++)
        if (changes[i].key.len == 0 || changes[i].key.len > AETHER_STORE_KEY_LEN_MAX)
            return ae_fail(err, AETHER_INVALID_ARGUMENT,
                "memory store: key of change %zu has %zu bytes, need 1 to %d", i,
                changes[i].key.len, AETHER_STORE_KEY_LEN_MAX);
    return AETHER_OK;
}

static record *make_record(aether_bytes key, aether_bytes value) {
    size_t size = 0;
    if (__builtin_add_overflow(sizeof(record) + key.len, value.len, &size))
        return NULL;
    record *made = ae_alloc(1, size);
    if (made == NULL)
        return NULL;
    uint8_t *bytes = (uint8_t *)(made + 1);
    memcpy(bytes, key.data, key.len);
    if (value.len != 0)
        memcpy(bytes + key.len, value.data, value.len);
    made->node.key = ae_bytes(bytes, key.len);
    made->node.is_marked = true;
    made->value = ae_bytes(bytes + key.len, value.len);
    return made;
}

/* Make what the batch writes, in order. NULL and *out_failed if there is no memory. */
static record *make_records(const aether_change *changes, size_t count, bool *out_failed) {
    record *first = NULL;
    record **end = &first;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].is_removed)
            continue;
        *end = make_record(changes[i].key, changes[i].value);
        if (*end == NULL) {
            free_list(first);
            *out_failed = true;
            return NULL;
        }
        end = &(*end)->next;
    }
    *out_failed = false;
    return first;
}

/* Everything that can fail comes first. What goes is released last: a batch may be made of views
 * into it. */
aether_status aether_memory_store_apply(
    aether_memory_store *store, const aether_change *changes, size_t count, aether_error *err) {
    AE_CHECK_ARG(store != NULL, err);
    AE_CHECK_ARG(changes != NULL || count == 0, err);
    AE_TRY(check_changes(changes, count, err));
    bool failed = false;
    record *coming = make_records(changes, count, &failed);
    if (failed)
        return ae_fail(
            err, AETHER_OUT_OF_MEMORY, "memory store: no memory for a batch of %zu changes", count);
    record *gone = NULL;
    for (size_t i = 0; i < count; i++) {
        const ae_map_place place = ae_map_locate(&store->records, changes[i].key);
        record *old = (record *)place.node;
        record *made = NULL;
        if (!changes[i].is_removed) {
            made = coming;
            coming = made->next;
        }
        if (old != NULL && made != NULL)
            ae_map_replace(&store->records, &old->node, &made->node);
        else if (old != NULL)
            ae_map_remove(&store->records, &old->node);
        else if (made != NULL)
            ae_map_insert(&store->records, place, &made->node);
        if (old != NULL) {
            old->next = gone;
            gone = old;
        }
    }
    free_list(gone);
    return AETHER_OK;
}
