#include "runtime/modules.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "crypto/hash.h"
#include "state/ordered_map.h"

#define CODE_KEY_LEN (1 + AETHER_HASH_LEN)

// A program that is kept, or a place for one.
typedef struct entry {
    ae_map_node node; // its key is code_hash
    aether_hash code_hash;
    ae_program *program;
    struct entry *newer; // was used after this one
    struct entry *older;
} entry;

// A map and not a hash table: whoever uploads chooses the hashes, and could make them collide.
struct ae_modules {
    ae_runtime *runtime;
    ae_map map;
    entry *newest;
    entry *oldest;
    size_t count_max;
    entry entries[]; // count_max; the map's count are in use, the first ones
};

aether_status ae_modules_create(
    ae_runtime *runtime, uint32_t count_max, ae_modules **out_modules, aether_error *err) {
    AE_ASSERT(count_max >= 1);
    ae_modules *modules = ae_alloc(1, sizeof *modules + count_max * sizeof modules->entries[0]);
    if (modules == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "%u programs by code hash", count_max);
    modules->runtime = runtime;
    modules->count_max = count_max;
    *out_modules = modules;
    return AETHER_OK;
}

void ae_modules_destroy(ae_modules *modules) {
    if (modules == NULL)
        return;
    for (size_t i = 0; i < modules->map.count; i++)
        ae_program_destroy(modules->entries[i].program);
    ae_free(modules);
}

static void unlink_entry(ae_modules *modules, entry *item) {
    *(item->newer != NULL ? &item->newer->older : &modules->newest) = item->older;
    *(item->older != NULL ? &item->older->newer : &modules->oldest) = item->newer;
}

static void link_newest(ae_modules *modules, entry *item) {
    item->newer = NULL;
    item->older = modules->newest;
    *(modules->newest != NULL ? &modules->newest->newer : &modules->oldest) = item;
    modules->newest = item;
}

// The kept program of a code, used now; NULL if there is none.
static ae_program *use(ae_modules *modules, const aether_hash *code_hash) {
    const ae_map_place place =
        ae_map_locate(&modules->map, ae_bytes(code_hash->bytes, AETHER_HASH_LEN));
    if (place.node == NULL)
        return NULL;
    entry *item = (entry *)place.node; // the node is its first field
    unlink_entry(modules, item);
    link_newest(modules, item);
    return item->program;
}

// A place of its own, or the one of the program that was used longest ago.
static entry *take_place(ae_modules *modules) {
    if (modules->map.count < modules->count_max)
        return &modules->entries[modules->map.count];
    entry *item = modules->oldest;
    unlink_entry(modules, item);
    ae_map_remove(&modules->map, &item->node);
    ae_program_destroy(item->program);
    *item = (entry){0};
    return item;
}

// Keep a program that is not kept yet; takes over one share.
static void keep(ae_modules *modules, const aether_hash *code_hash, ae_program *program) {
    entry *item = take_place(modules);
    item->code_hash = *code_hash;
    item->program = program;
    item->node.key = ae_bytes(item->code_hash.bytes, AETHER_HASH_LEN);
    ae_map_insert(&modules->map, ae_map_locate(&modules->map, item->node.key), &item->node);
    link_newest(modules, item);
}

void ae_modules_add(ae_modules *modules, const aether_hash *code_hash, ae_program *program) {
    if (use(modules, code_hash) == NULL)
        keep(modules, code_hash, ae_program_share(program));
}

static aether_status load(ae_modules *modules, const aether_hash *code_hash, aether_bytes code,
    ae_program **out_program, aether_error *err) {
    aether_hash found;
    ae_hash_tagged("code", code, &found);
    if (memcmp(&found, code_hash, sizeof found) != 0)
        return ae_fail(
            err, AETHER_STORAGE_DAMAGED, "stored code: %zu bytes do not have its hash", code.len);
    aether_error inner;
    const aether_status status = ae_program_load(modules->runtime, code, out_program, &inner);
    if (status == AETHER_OK || (int)status >= AETHER_OUT_OF_MEMORY) {
        if (status != AETHER_OK && err != NULL)
            *err = inner;
        return status;
    }
    return ae_fail(err, AETHER_STORAGE_DAMAGED,
        "stored code is no module that could be uploaded: %s", inner.message);
}

aether_status ae_modules_find(ae_modules *modules, const aether_hash *code_hash,
    const ae_view *view, ae_program **out_program, aether_error *err) {
    ae_program *program = use(modules, code_hash);
    if (program == NULL) {
        uint8_t key[CODE_KEY_LEN] = {AETHER_STORE_KIND_CODE};
        memcpy(key + 1, code_hash->bytes, AETHER_HASH_LEN);
        aether_bytes code;
        bool is_found;
        AE_TRY(view->get(view->user, ae_bytes(key, sizeof key), &code, &is_found, err));
        if (is_found) {
            AE_TRY(load(modules, code_hash, code, &program, err));
            keep(modules, code_hash, program);
        }
    }
    *out_program = program;
    return AETHER_OK;
}
