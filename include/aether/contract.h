/**
 * A contract's code, checked, metered and compiled, ready to run any number of times.
 *
 * Life: aether_contract_load → aether_execute … → aether_contract_destroy. A contract holds no state:
 * storage and balances are in the store that an execution is given.
 *
 * Thread safety: immutable; any number of threads may execute one contract at the same time.
 */
#ifndef AETHER_CONTRACT_H
#define AETHER_CONTRACT_H

#include <aether/engine.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aether_contract aether_contract;

/** Entry points, all `() -> i32`. */
typedef enum aether_entry {
    AETHER_ENTRY_EXECUTE = 0, /**< required; what a call runs */
    AETHER_ENTRY_INIT = 1,    /**< at deployment */
    AETHER_ENTRY_QUERY = 2,   /**< read-only: an effect fails it */
    AETHER_ENTRY_MIGRATE = 3  /**< after an upgrade */
} aether_entry;

/**
 * Validate a module against the profile without compiling it. Needs no engine; never recurses over the
 * input; time linear in its length.
 *
 * @param wasm_or_wat  a Wasm binary, or WAT text, told apart by content; borrowed during the call
 * @param err          may be NULL; the message names the rule, the function index and the byte offset
 *
 * @return OK
 * @return MALFORMED_MODULE, MALFORMED_TEXT, INVALID_MODULE, INVALID_INTERFACE, FORBIDDEN_FEATURE,
 *         LIMIT_EXCEEDED   rejected; the same on every machine for a binary
 * @return OUT_OF_MEMORY    fault
 *
 * Determinism: a pure function of the bytes and the protocol version.
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_contract_validate(
    aether_bytes wasm_or_wat, aether_error *err);

/**
 * Validate, instrument and compile a module.
 *
 * @param engine        not NULL; must outlive the contract
 * @param wasm_or_wat   a Wasm binary, or WAT text; borrowed during the call. Text is first made into the
 *                      binary that all offsets refer to
 * @param out_contract  receives the contract; the caller destroys it. Loading the same bytes again while
 *                      a contract lives shares its native code
 * @param err           may be NULL
 *
 * @return as aether_contract_validate, and
 * @return ENGINE_FAILED  fault: an accepted module did not compile
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_contract_load(aether_engine *engine,
    aether_bytes wasm_or_wat, aether_contract **out_contract, aether_error *err);

/** Destroy a contract; NULL is a no-op. No execution of it may be running. */
AETHER_API void aether_contract_destroy(aether_contract *contract);

/** Whether the module exports this entry point. */
AETHER_API bool aether_contract_has_entry(const aether_contract *contract, aether_entry entry);

/** One function of a module, as uploaded. */
typedef struct aether_function_info {
    const char
        *name; /**< UTF-8 from the name section, else the export's or import's name, else "" */
    const char *import_name; /**< its name in "env", or NULL for a defined function */
    const char *type;        /**< for example "(i32, i64) -> i32" */
    uint32_t index;          /**< in the module's function index space */
    uint32_t offset;         /**< byte offset of the body; 0 for an import */
    uint32_t body_len;       /**< bytes; 0 for an import */
    uint64_t
        static_gas; /**< gas of entering it and of every instruction in it, once; of an import its base */
    uint32_t frame_bytes; /**< what one call of it takes of the metered stack; 0 for an import */
    bool is_import;
} aether_function_info;

/** One exported function. */
typedef struct aether_export_info {
    const char *name;  /**< UTF-8 */
    uint32_t function; /**< in the module's function index space */
} aether_export_info;

/** What a module is made of. */
typedef struct aether_module_info {
    uint32_t struct_size;      /**< set by the caller to sizeof(aether_module_info) */
    uint32_t module_len;       /**< bytes, custom sections not counted */
    uint32_t custom_len;       /**< bytes of all custom sections */
    uint32_t instrumented_len; /**< bytes after metering was put in */
    uint32_t memory_pages_min; /**< of 64 KiB; 0 without a memory */
    uint32_t memory_pages_max; /**< as the protocol bounds it; 0 without a memory */
    bool has_memory;
    bool has_start;
    uint32_t table_len; /**< elements; 0 without a table */
    uint32_t global_count;
    uint32_t data_segment_count;
    uint64_t instantiation_gas; /**< paid by who calls; not part of a frame's own gas */
    aether_hash code_hash;      /**< of the bytes that a deployment would upload */
    size_t function_count;
    const aether_function_info *functions; /**< imports first; lives until the info is destroyed */
    size_t export_count;
    const aether_export_info *exports; /**< of functions, in the module's order; as functions */
    void *owner;                       /**< the library's; do not touch */
} aether_module_info;

/**
 * Describe a module without compiling it.
 *
 * @param wasm_or_wat  borrowed during the call
 * @param schedule     whose prices `static_gas` and `instantiation_gas` are
 * @param out_info     its struct_size set by the caller; receives the description, which is released with
 *                     aether_module_info_destroy
 * @return as aether_contract_validate, and INVALID_ARGUMENT
 * On failure: *out_info is untouched.
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_module_inspect(aether_bytes wasm_or_wat,
    aether_schedule schedule, aether_module_info *out_info, aether_error *err);

/** Release what aether_module_inspect filled in; safe on a zeroed struct. */
AETHER_API void aether_module_info_destroy(aether_module_info *info);

/**
 * What an upload of a module carries: the binary without its custom sections, of which only `name` and
 * `aether.meta` stay, each within its bound. Stripping what was stripped changes nothing.
 *
 * @param wasm_or_wat  borrowed during the call
 * @param out_code     bytes that the caller destroys
 * @return as aether_contract_validate, and INVALID_ARGUMENT
 * On failure: *out_code is untouched.
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_module_strip(
    aether_bytes wasm_or_wat, aether_buffer *out_code, aether_error *err);

#ifdef __cplusplus
}
#endif

#endif
