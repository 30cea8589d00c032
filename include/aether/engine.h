/**
 * The engine: compiler, instance pool and contract stacks, shared by any number of contracts.
 *
 * Life: aether_engine_create → contracts and executions → aether_engine_destroy, after everything that
 * was made from it. A process needs one. The native engine inside starts with the first contract that
 * is compiled, so that a program that only checks modules never pays for it; from then on it owns the
 * process's handlers of SIGSEGV, SIGBUS, SIGILL and SIGFPE and passes on what is not a contract's.
 * No file (but in cache_path, if that is given) and no thread appears; contracts run on stacks that the engine
 * maps and owns, so the size of the calling thread's stack does not matter.
 *
 * Thread safety: thread-safe, except create and destroy.
 */
#ifndef AETHER_ENGINE_H
#define AETHER_ENGINE_H

#include <aether/status.h>
#include <aether/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aether_engine aether_engine;

/** How contracts become native code. Speed differs; outcome, gas and effects do not. */
typedef enum aether_compiler {
    AETHER_COMPILER_CRANELIFT = 0,      /**< optimising; the default */
    AETHER_COMPILER_CRANELIFT_NONE = 1, /**< Cranelift without optimisation */
    AETHER_COMPILER_WINCH = 2,          /**< single pass */
    AETHER_COMPILER_PULLEY = 3          /**< portable interpreter */
} aether_compiler;

/** Which prices instructions and host functions have. */
typedef enum aether_schedule {
    AETHER_SCHEDULE_V1 = 0,  /**< calibrated; the default */
    AETHER_SCHEDULE_UNIT = 1 /**< one gas per instruction, host functions free; for tests */
} aether_schedule;

/** What a chain agrees on. If changing a value could change a receipt, it is here, not an option. */
typedef struct aether_protocol {
    uint32_t struct_size; /**< sizeof(aether_protocol) */
    uint32_t version;     /**< AETHER_PROTOCOL_VERSION */
    aether_schedule schedule;
} aether_protocol;

/** What this node chooses; never changes a result. */
typedef struct aether_engine_options {
    uint32_t struct_size; /**< sizeof(aether_engine_options) */
    aether_compiler compiler;
    uint32_t executions_max;         /**< executions at the same time, in [1, 64]; 0: 16 */
    const aether_protocol *protocol; /**< NULL: version 1, schedule v1; borrowed during create */

    /** A folder for native code, so that the next process doesn't compile again; copied. NULL: none. Made with
     *  mode 0700 if there is none. A file in it is used only if all of it is as it was written by a holder of
     *  cache_key for this version and configuration; anything else is compiled again and replaced. Engines and
     *  processes may share it; that it can't be written to later is no failure. At most 4 GiB are kept. */
    const char *cache_path;
    const uint8_t *cache_key; /**< 32 secret bytes of this node, when cache_path is given; copied */
} aether_engine_options;

/**
 * Create an engine.
 *
 * @param options     NULL for the defaults, which are right for a node
 * @param out_engine  receives the engine; the caller destroys it
 * @param err         may be NULL
 *
 * @return OK
 * @return INVALID_ARGUMENT  an option is out of its range, or a cache_path without a cache_key
 * @return OUT_OF_MEMORY     fault
 * @return STORAGE_FAILED    fault: cache_path can't be made or opened, belongs to another user, or its group
 *                           or others may write to it
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_engine_create(
    const aether_engine_options *options, aether_engine **out_engine, aether_error *err);

/** Destroy an engine; NULL is a no-op. Every contract made from it must be gone; results may live on. */
AETHER_API void aether_engine_destroy(aether_engine *engine);

#ifdef __cplusplus
}
#endif

#endif
