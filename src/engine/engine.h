/* The Wasm engine: native code from metered modules, and instances that run it. The only folder
 * that knows Wasmtime.
 *
 * Nothing outside depends on how long a store or an instance lives: a caller acquires an instance
 * of a code, enters it any number of times, reads how it ended, and gives it back.
 *
 * Life: ae_engine_create → ae_code_compile → ae_instance_acquire → ae_instance_enter … →
 * ae_instance_release → ae_code_destroy → ae_engine_destroy.
 * Thread safety: ae_engine and ae_code are thread-safe; an ae_instance is one-at-a-time. */
#ifndef AE_ENGINE_ENGINE_H
#define AE_ENGINE_ENGINE_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/slot.h"

#include <aether/engine.h>
#include <aether/execution.h>

typedef struct ae_engine ae_engine;
typedef struct ae_code ae_code;
typedef struct ae_instance ae_instance;

/* Native stack that contract code may take below the point where it is entered, in bytes; committed only as
 * it is touched. The metered stack (256 KiB) must end first, for every accepted module, although native
 * frames can exceed metered ones many times: an optimising compiler keeps values that it computed before a
 * call for after it. Each such value takes at least 7 bytes of a body of at most 128 KiB (one operator before
 * the call; after it one operator and three instructions that use it), so a native frame has at most 150 KB;
 * a frame that does this is metered with at least 80 bytes, so there are at most 3,276: below 492 MB. What is
 * touched was paid for: a value kept on the stack costs two operators of gas in every frame. */
#define AE_NATIVE_STACK_LEN ((size_t)1 << 30)

/* What a host function sees of the instance that called it. */
typedef struct ae_guest {
    ae_span memory; /* the exported memory as it is now; empty without one */
    void *frame;    /* as given to ae_instance_acquire */
} ae_guest;

/* A host function. `data` is its import's. The arguments are in slots, the metered counter last;
 * results go to slots, the counter last. False: stop the instance; why is the frame's to know. */
typedef bool (*ae_import_function)(const void *data, ae_guest *guest, ae_slot *slots);

/* One function that every module may import. */
typedef struct ae_engine_import {
    const char *module;
    const char *name;
    const char *signature; /* letters as in wasm/opcodes.def, metered: "iiI>iI" */
    ae_import_function function;
    const void *data; /* lives as long as the engine */
} ae_engine_import;

typedef struct ae_engine_settings {
    aether_compiler compiler;
    uint32_t instances_max;          /* at the same time */
    const ae_engine_import *imports; /* borrowed as long as the engine lives */
    size_t import_count;
    const char *cache_path;   /* folder for native code, engine/cache.h; NULL: none; copied */
    const uint8_t *cache_key; /* AE_MAC_KEY_LEN bytes, with cache_path; copied */
} ae_engine_settings;

/* OK, OUT_OF_MEMORY, ENGINE_FAILED, STORAGE_FAILED: the folder for native code. */
AETHER_MUST_CHECK aether_status ae_engine_create(
    const ae_engine_settings *settings, ae_engine **out_engine, aether_error *err);
void ae_engine_destroy(ae_engine *engine);

/* Where the native code of this engine came from so far. */
typedef struct ae_engine_counts {
    uint64_t read;     /* files that passed every check and were handed to the native engine */
    uint64_t compiled; /* modules compiled, because there was no such file or no cache */
    uint64_t kept;     /* files written */
} ae_engine_counts;

ae_engine_counts ae_engine_get_counts(ae_engine *engine);

/* Entry points of a code, by number; the host calls nothing else. */
typedef enum ae_code_entry {
    AE_CODE_EXECUTE = AETHER_ENTRY_EXECUTE,
    AE_CODE_INIT = AETHER_ENTRY_INIT,
    AE_CODE_QUERY = AETHER_ENTRY_QUERY,
    AE_CODE_MIGRATE = AETHER_ENTRY_MIGRATE,
    AE_CODE_START = 4,
    AE_CODE_ENTRY_COUNT
} ae_code_entry;

/* Compile a metered module, or read its native code from the cache, and link it. OK, OUT_OF_MEMORY, ENGINE_FAILED: the module was accepted
 * before, so a failure is this machine's. */
AETHER_MUST_CHECK aether_status ae_code_compile(
    ae_engine *engine, aether_bytes instrumented, ae_code **out_code, aether_error *err);
void ae_code_destroy(ae_code *code);

/* An instance as new: memory, globals and table as the module says. `frame` is handed to host
 * functions. OK, OUT_OF_MEMORY, ENGINE_FAILED. */
AETHER_MUST_CHECK aether_status ae_instance_acquire(
    ae_code *code, void *frame, ae_instance **out_instance, aether_error *err);

/* Give an instance back; NULL is a no-op. Nothing of it may be used afterwards. */
void ae_instance_release(ae_instance *instance);

/* The instance's memory and frame; memory.len is 0 without one. */
ae_guest *ae_instance_guest(ae_instance *instance);

#define AE_EXIT_FRAMES_MAX 64 /* innermost ones kept of a trap */

typedef struct ae_exit_frame {
    uint32_t function; /* index in the instrumented module */
    uint32_t offset;   /* bytes, in the instrumented module */
} ae_exit_frame;

typedef enum ae_exit_kind {
    AE_EXIT_RETURNED, /* the results are in the slots */
    AE_EXIT_STOPPED,  /* a host function returned false */
    AE_EXIT_TRAPPED,  /* the machine code trapped */
} ae_exit_kind;

/* How an entered function ended. */
typedef struct ae_exit {
    ae_exit_kind kind;
    aether_end
        trap; /* of TRAPPED: UNREACHABLE stands for every `unreachable` of the metered module */
    int64_t end_global; /* of STOPPED and TRAPPED: the exported global `end` */
    uint32_t frame_count;
    ae_exit_frame frames[AE_EXIT_FRAMES_MAX]; /* innermost first */
} ae_exit;

/* Run an exported function: `slots` holds the arguments and then the results. Runs on the calling
 * stack, which must have AE_NATIVE_STACK_LEN and more (base/stack.h).
 *
 * OK with *out_exit filled · ENGINE_FAILED: fault (the native stack was exhausted, a trap that no
 * accepted module can cause, the entry is absent). */
AETHER_MUST_CHECK aether_status ae_instance_enter(ae_instance *instance, ae_code_entry entry,
    ae_slot *slots, size_t slot_count, ae_exit *out_exit, aether_error *err);

/* Grow the guest's memory by `pages` within its maximum, from inside a host function; the view is
 * renewed. False: the engine could not, which below the limits is a fault. */
bool ae_guest_grow(ae_guest *guest, uint32_t pages);

/* "wasmtime 48.0.8" */
const char *ae_engine_version(void);

/* WAT text to a Wasm binary, owned by the caller (ae_free). MALFORMED_TEXT with line and column. */
AETHER_MUST_CHECK aether_status ae_text_to_binary(
    aether_bytes text, uint8_t **out_bytes, size_t *out_len, aether_error *err);

#endif
