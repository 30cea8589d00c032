/**
 * One execution of one contract: who calls, with what, and what came of it.
 *
 * Life: fill an aether_execution_context → aether_execute → read the aether_execution_result →
 * aether_execution_result_destroy. Running it again with the same inputs gives the same bytes.
 *
 * Thread safety: any number of threads, each with its own result and, unless its functions are
 * thread-safe, its own store.
 */
#ifndef AETHER_EXECUTION_H
#define AETHER_EXECUTION_H

#include <aether/contract.h>
#include <aether/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the contract is told. Everything but the first field may be left zero. */
typedef struct aether_execution_context {
    uint32_t
        struct_size;    /**< sizeof(aether_execution_context), or 0 for the fields of version 0.1 */
    aether_entry entry; /**< which entry point runs */
    aether_address contract_address; /**< whose storage and balance it has */
    aether_address caller;
    aether_u128 value;     /**< given to the contract's balance before it runs; undone with it */
    uint64_t gas_limit;    /**< gas units, any 64-bit value */
    uint64_t block_number; /**< height of the block */
    uint64_t timestamp;    /**< block time, Unix seconds */
    aether_bytes chain_id; /**< 0–64 bytes; borrowed during the call */
    bool hash_memory;      /**< ask for the result's memory_hash; takes time, changes nothing */
} aether_execution_context;

/** What consensus sees of an execution. Numbers are ABI. */
typedef enum aether_outcome {
    AETHER_OUTCOME_SUCCESS = 0,  /**< returned 0; changes and logs stand */
    AETHER_OUTCOME_REVERTED = 1, /**< undone, with a code; gas exact */
    AETHER_OUTCOME_FAILED = 2    /**< undone; the whole gas limit is used */
} aether_outcome;

/** Why an execution ended as it did: a diagnosis for people, the same on every engine, never hashed.
 *  X(name, number, text); the text of a trap is its `trap.kind` in JSON. */
#define AETHER_END_MAP(X)                                  \
    X(RETURNED, 0, "returned")                             \
    X(REVERT, 1, "revert")                                 \
    X(PANIC, 2, "panic")                                   \
    X(UNREACHABLE, 3, "unreachable")                       \
    X(OUT_OF_GAS, 4, "out_of_gas")                         \
    X(OUT_OF_BOUNDS_MEMORY, 5, "out_of_bounds_memory")     \
    X(OUT_OF_BOUNDS_TABLE, 6, "out_of_bounds_table")       \
    X(INDIRECT_CALL, 7, "indirect_call")                   \
    X(INTEGER_DIVIDE_BY_ZERO, 8, "integer_divide_by_zero") \
    X(INTEGER_OVERFLOW, 9, "integer_overflow")             \
    X(BAD_CONVERSION, 10, "bad_conversion")                \
    X(STACK_EXHAUSTED, 11, "stack_exhausted")              \
    X(HOST, 12, "host")

typedef enum aether_end {
#define AETHER_END_ENUM(name, number, text) AETHER_END_##name = number,
    AETHER_END_MAP(AETHER_END_ENUM)
#undef AETHER_END_ENUM
} aether_end;

/** Results of the contract's own code have codes of 1 … 2^31−1 and negative ones of its choice; these
 *  are the runtime's. */
#define AETHER_CODE_REVERT (-1)
#define AETHER_CODE_PANIC (-2)
#define AETHER_CODE_UNREACHABLE (-3)

/** An event. All bytes live as long as the result. */
typedef struct aether_log {
    aether_address address;    /**< of the contract that emitted it */
    const aether_hash *topics; /**< `topic_count` entries */
    size_t topic_count;        /**< in [0, 4] */
    aether_bytes data;
} aether_log;

/** One function on the stack when a contract trapped. */
typedef struct aether_frame {
    const char *function; /**< UTF-8 name, or "" */
    uint32_t index;       /**< in the module's function index space */
    uint32_t offset;      /**< byte offset of the instruction in the module as it was uploaded */
    const char
        *file; /**< source file as the module's line table has it, or NULL when no line is known */
    uint32_t line; /**< 0 when unknown */
} aether_frame;

/** Where and why a contract stopped, for people. */
typedef struct aether_trap {
    aether_end kind;
    const char *message;        /**< one line, UTF-8, control characters escaped */
    const aether_frame *frames; /**< innermost first */
    size_t frame_count;
} aether_trap;

/** What came of an execution. Everything it points to lives until aether_execution_result_destroy. */
typedef struct aether_execution_result {
    aether_outcome outcome;
    bool success;      /**< outcome == AETHER_OUTCOME_SUCCESS */
    int32_t code;      /**< 0 unless reverted */
    uint64_t gas_used; /**< gas units, in [0, gas_limit]; the limit when FAILED */
    uint64_t gas_limit;
    aether_bytes
        return_data; /**< what the contract returned, or the reason of its revert; at most 64 KiB */
    const aether_log *logs; /**< in order; empty unless success */
    size_t log_count;
    const aether_change *changes; /**< sorted by key, no duplicates; empty unless success */
    size_t change_count;
    aether_end end; /**< diagnosis; no part of consensus */
    const aether_trap
        *trap; /**< NULL unless the contract panicked, trapped or met a fault of its own */
    const char
        *debug_text; /**< what it wrote with `log`, one line each; "" if nothing. Not consensus */
    aether_hash
        memory_hash; /**< SHA-256 of guest memory when the entry point returned, if it was asked for;
                                for comparing engines, no part of consensus. Else zero */
    void *owner;     /**< the library's; do not touch */
} aether_execution_result;

/**
 * Run one entry point of a contract.
 *
 * @param contract    not NULL
 * @param context     not NULL; borrowed during the call
 * @param input       what the contract reads with `input`, at most 128 KiB; borrowed during the call
 * @param store       the state it starts from, read only; NULL is an empty one
 * @param out_result  receives the result, which the caller destroys; need not be initialised
 * @param err         may be NULL
 *
 * @return OK                the contract ran to an outcome, which may be REVERTED or FAILED
 * @return INVALID_ARGUMENT  an argument is out of its range
 * @return LIMIT_EXCEEDED    `input` is longer than 131,072 bytes
 * @return MISSING_ENTRY     the module has no such entry point
 * @return OUT_OF_MEMORY, STORAGE_FAILED, ENGINE_FAILED   fault of this machine: no result
 *
 * Gas: never more than gas_limit; exactly gas_limit when FAILED; instantiation not counted.
 * On failure: *out_result is untouched.
 * Determinism: a pure function of the module, the context, the input, the state and the protocol version.
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_execute(const aether_contract *contract,
    const aether_execution_context *context, aether_bytes input, const aether_store *store,
    aether_execution_result *out_result, aether_error *err);

/** Release a result; NULL and a zeroed struct are no-ops. */
AETHER_API void aether_execution_result_destroy(aether_execution_result *result);

/** The text of an end, as in AETHER_END_MAP; "unknown" for a number that this version does not know. */
AETHER_API const char *aether_end_text(aether_end end);

#ifdef __cplusplus
}
#endif

#endif
