/* Two worlds that go through the same script: in one, plain Wasmtime runs modules as they were uploaded; in the other,
 * Wasmtime as a node configures it runs what the instrumenter made of them.
 *
 * The suite's modules are no contracts. So a module may import any function of the suite's own host module `spectest`
 * and of the modules that the script has registered, and it needs no entry point; everything else about it is held
 * to the profile, but for two limits: how many functions are exported and how long their names are, and how many
 * targets a br_table has: the function that has it is left out, so that the others of its module can run. What the
 * metered module exports is replaced, outside the instrumenter, by the functions and globals that the uploaded one
 * exports.
 *
 * Life: world_open → world_add …, world_call … → world_close. Any failure of the engine that is not a trap fails the
 * test. */
#ifndef AE_TESTS_SUITE_WORLD_H
#define AE_TESTS_SUITE_WORLD_H

#include "suite/script.h"

#include "harness/wasm_builder.h"

#include "gas/instrument.h"

#include <aether/execution.h>

#include <wasmtime.h>

/* A module of the script, in both worlds. */
typedef struct world_module {
    struct world_module *next; /* the one before it */
    struct world *world;
    const char *id;           /* hex of its `$name`, or "-" */
    aether_bytes bytes;       /* as uploaded; owned */
    aether_error err;         /* why it was refused; status AETHER_OK: it was not */
    wasm_builder short_bytes; /* what was decoded instead of them, where a limit was set aside */
    uint32_t emptied;         /* a function whose br_table is beyond its limit, or AE_NO_INDEX */
    ae_module module;         /* of an accepted one, as all below */
    ae_export *exports;
    uint32_t export_count;
    bool is_instantiated;
    wasmtime_instance_t plain;
    wasmtime_instance_t metered;
} world_module;

typedef struct world_name {
    struct world_name *next;
    aether_bytes name; /* owned */
    world_module *module;
} world_name;

/* What a module may import, and who has it. */
typedef struct world_import {
    const world_module *owner; /* NULL: `spectest` */
    uint32_t function;         /* its index in the owner */
    char name[AE_NAME_LEN_MAX + 1];
    char signature[AE_FUNCTION_PARAMS_MAX + 3];
} world_import;

#define WORLD_IMPORTS_MAX 1024

typedef struct world {
    wasm_engine_t *plain_engine, *metered_engine;
    wasmtime_store_t *plain, *metered;
    world_module *modules; /* all of them, the last one first */
    world_name *names;     /* registered ones, the last one first */
    world_module *last;    /* what a directive without a name means */
    ae_import_rule rules[WORLD_IMPORTS_MAX];
    world_import imports[WORLD_IMPORTS_MAX];
    size_t import_count;
    const ae_schedule *schedule;
} world;

/* How a call ended in one of the worlds. */
typedef struct world_outcome {
    aether_end end;
    uint8_t type; /* ae_valtype of the result; 0 without */
    uint64_t bits;
} world_outcome;

void world_open(world *w);
void world_close(world *w);

/* Only decode: the status, and `err` filled. For modules that must be refused. */
aether_status world_refuse(world *w, aether_bytes bytes, aether_error *err);

/* Decode a module and, if it is accepted, compile and instantiate it in both worlds and run its start function.
 * `bytes` are owned from here on. How that ended is in both outcomes; a module that does not end with
 * RETURNED in both is not instantiated. */
world_module *world_add(
    world *w, const char *id, aether_bytes bytes, world_outcome *plain, world_outcome *metered);

/* The module of this id, or the last one for "-". */
world_module *world_find(world *w, const char *id);

void world_register(world *w, world_module *module, aether_bytes name);

/* Whether an exported function was left out of the metered module. */
bool world_is_left_out(const world_module *module, aether_bytes name);

/* Call an exported function with arguments of its type in one of the worlds. */
world_outcome world_call_plain(
    const world_module *module, aether_bytes name, const script_values *args);
world_outcome world_call_metered(
    const world_module *module, aether_bytes name, const script_values *args);

/* Read an exported global. */
world_outcome world_get_plain(const world_module *module, aether_bytes name);
world_outcome world_get_metered(const world_module *module, aether_bytes name);

#endif
