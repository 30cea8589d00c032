/**
 * Where an execution's gas went: exact, by function, call path, instruction and source line.
 *
 * Nothing is sampled. The contract is metered a second time, with probes that tell the counter after every
 * payment, so that every unit of `gas_used` is found in exactly one call path, and in one instruction or in
 * what a failure burned. Outcome, gas and effects are those of aether_execute; only time differs.
 *
 * Life: aether_profile_execute → read the aether_profile → aether_profile_destroy.
 *
 * Thread safety: as aether_execute; a profile is immutable.
 */
#ifndef AETHER_PROFILE_H
#define AETHER_PROFILE_H

#include <aether/execution.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AETHER_PROFILE_NONE UINT32_MAX /**< no function, no parent */

/** What a function of a profile is. Numbers are ABI. */
typedef enum aether_profile_kind {
    AETHER_PROFILE_CONTRACT = 0, /**< a function of the contract */
    AETHER_PROFILE_HOST = 1,     /**< a host function, or memory.grow, which the host charges */
    AETHER_PROFILE_BURNED = 2,   /**< what a failed execution lost without using it */
    AETHER_PROFILE_OTHER = 3     /**< call paths beyond the first 1,000,000, taken together */
} aether_profile_kind;

/** One function. `functions[i]` is function i of the module, imports first; behind these stand memory.grow,
 *  what was burned, and the other paths. */
typedef struct aether_profile_function {
    const char
        *name; /**< UTF-8; "" for a function without a name; of a host function its name in "env" */
    aether_profile_kind kind;
    uint64_t calls;
    uint64_t
        self_gas; /**< of entering it and its own instructions; of OTHER 0: functions are exact */
    uint64_t total_gas; /**< with everything that it called; a recursive function counts once */
} aether_profile_function;

/** One call path: the path of its parent, and one function more. Parents come first. */
typedef struct aether_profile_stack {
    uint32_t parent;   /**< index in `stacks`, or AETHER_PROFILE_NONE */
    uint32_t function; /**< index in `functions` */
    uint64_t calls;
    uint64_t self_gas;
    uint64_t total_gas; /**< with the paths below it */
} aether_profile_stack;

/** One instruction of a function that was entered. */
typedef struct aether_profile_instruction {
    uint32_t offset;     /**< in the module as it was uploaded; entering a function: its body */
    uint32_t function;   /**< index in `functions` */
    uint64_t executions; /**< times it was executed */
    uint64_t gas;        /**< what it took, host_gas included */
    uint64_t host_gas;   /**< what host functions took that it called */
    const char *text;    /**< for example "i32.const 5"; entering a function: "enter" */
    const char *file;    /**< source file, or NULL when no line is known */
    uint32_t line;       /**< 0 when it is not known */
} aether_profile_instruction;

/** One source line. */
typedef struct aether_profile_line {
    const char *file;  /**< as the module's DWARF has it; NULL: all code without a line */
    uint32_t line;     /**< 0: all code without a line */
    uint64_t gas;      /**< host_gas included */
    uint64_t host_gas; /**< what host functions took that it called */
} aether_profile_line;

/** A profile. Everything it points to lives until aether_profile_destroy.
 *
 *  gas_used = sum of `functions[].self_gas` = sum of `stacks[].self_gas`
 *           = gas_burned + sum of `instructions[].gas` = gas_burned + sum of `lines[].gas` */
typedef struct aether_profile {
    uint32_t struct_size;    /**< set by the caller to sizeof(aether_profile) */
    uint32_t function_count; /**< of the module, imports included, plus 3 */
    uint64_t gas_used;       /**< that of the execution */
    uint64_t gas_burned;     /**< 0 unless it failed */
    const aether_profile_function *functions;
    const aether_profile_stack *stacks;
    const aether_profile_instruction *instructions; /**< by offset */
    const aether_profile_line *lines;               /**< by file and line, the unknown one first */
    size_t stack_count;
    size_t instruction_count;
    size_t line_count;
    void *owner; /**< the library's; do not touch */
} aether_profile;

/**
 * Run one entry point of a contract as aether_execute does, and tell where its gas went.
 *
 * @param engine       not NULL
 * @param wasm_or_wat  the contract, as aether_contract_load takes it; borrowed during the call. It is metered
 *                     and compiled for this call: with probes it is no other's
 * @param context, input, store  as aether_execute
 * @param out_result   as aether_execute; the caller destroys it
 * @param out_profile  its struct_size set by the caller; receives the profile, which the caller destroys
 * @param err          may be NULL
 *
 * @return as aether_contract_load and aether_execute
 * On failure: *out_result and *out_profile are untouched.
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_profile_execute(aether_engine *engine,
    aether_bytes wasm_or_wat, const aether_execution_context *context, aether_bytes input,
    const aether_store *store, aether_execution_result *out_result, aether_profile *out_profile,
    aether_error *err);

/** Release what aether_profile_execute filled in; safe on a zeroed struct. */
AETHER_API void aether_profile_destroy(aether_profile *profile);

#ifdef __cplusplus
}
#endif

#endif
