/* A module that was accepted: facts about the uploaded bytes, and where things lie in them.
 *
 * ae_module_decode reads raw bytes and either refuses them, naming rule, function and offset, or fills
 * this struct. It is the profile: what it accepts is what Aether runs. It never recurses, allocates only
 * after a limit was checked, and never looks at the engine.
 *
 * Life: ae_module_decode → use → ae_module_deinit. The module borrows the bytes, which must outlive it.
 * Thread safety: immutable after decode. */
#ifndef AE_WASM_MODULE_H
#define AE_WASM_MODULE_H

#include "wasm/instruction.h"

#include "base/limits.h"

#include <aether/contract.h>

/* Value types, as encoded. */
typedef enum ae_valtype {
    AE_I32 = 0x7f,
    AE_I64 = 0x7e,
    AE_F32 = 0x7d,
    AE_F64 = 0x7c,
} ae_valtype;

#define AE_BLOCK_EMPTY 0x40

typedef struct ae_functype {
    uint8_t param_count;                    /* in [0, 32] */
    uint8_t result_count;                   /* 0 or 1 */
    uint8_t params[AE_FUNCTION_PARAMS_MAX]; /* ae_valtype */
    uint8_t result;                         /* ae_valtype; 0 without */
} ae_functype;

/* One row of what a module may import: the caller's allow-list. */
typedef struct ae_import_rule {
    const char *module; /* "env", but for modules that are no contracts */
    const char *name;
    const char *signature; /* letters as in wasm/opcodes.def: "iiii>i" */
    bool takes_pointer;    /* the module must then export its memory as `memory` */
} ae_import_rule;

typedef struct ae_import_rules {
    const ae_import_rule *rules;
    size_t count;
    bool ignores_entries; /* for modules that are no contracts: exports are only exports */
} ae_import_rules;

typedef struct ae_import {
    uint32_t rule; /* index into the allow-list */
    uint32_t type; /* index into types */
} ae_import;

typedef struct ae_function {
    uint32_t type;        /* index into types */
    uint32_t body_offset; /* of the body's first byte, after its length: the local declarations */
    uint32_t code_offset; /* of its first instruction */
    uint32_t end_offset;  /* one past its last byte (the final `end`) */
    uint32_t local_count; /* declared, parameters not counted */
    uint32_t operand_height; /* largest number of values that validation holds (METERING 7) */
} ae_function;

typedef struct ae_global {
    uint8_t type; /* ae_valtype */
    bool is_mutable;
    uint32_t init_offset; /* of the constant expression */
    uint32_t init_len;    /* its bytes, `end` included */
} ae_global;

typedef struct ae_export {
    aether_bytes name; /* borrowed from the module */
    uint8_t kind;      /* 0 function, 1 table, 2 memory, 3 global */
    uint32_t index;
    uint32_t offset;
} ae_export;

typedef struct ae_element_segment {
    uint32_t table_offset; /* where it is put in the table */
    uint32_t count;
    uint32_t items_offset; /* of the first of `count` LEB128 function indices */
} ae_element_segment;

typedef struct ae_data_segment {
    bool is_passive;
    uint32_t memory_offset; /* where an active one is put */
    uint32_t offset;        /* of its bytes in the module */
    uint32_t len;
} ae_data_segment;

/* A section that is not compiled. */
typedef struct ae_custom_section {
    aether_bytes name;
    uint32_t offset;         /* of the section's id byte */
    uint32_t end;            /* one past its last byte */
    uint32_t payload_offset; /* after the name */
} ae_custom_section;

#define AE_CUSTOM_SECTIONS_KEPT_MAX \
    64 /* of any number; only DWARF, `name` and `aether.meta` matter */
#define AE_NO_INDEX UINT32_MAX

typedef struct ae_module {
    aether_bytes bytes;  /* as uploaded; borrowed */
    uint32_t module_len; /* bytes, custom sections not counted */
    uint32_t custom_len; /* bytes of custom sections, headers included */

    ae_functype *types;
    uint32_t type_count;
    ae_import *imports; /* functions only */
    uint32_t import_count;
    ae_function *functions; /* defined ones; function index = import_count + position */
    uint32_t function_count;
    uint32_t block_total; /* block, loop, if and br_if of all functions */
    uint64_t merge_work;  /* of all functions: wasm/merges.h */
    ae_global *globals;
    uint32_t global_count;
    ae_export *exports;
    uint32_t export_count;
    ae_element_segment *elements;
    uint32_t element_count;
    ae_data_segment *data;
    uint32_t data_count;
    bool has_data_count; /* a data count section is present */

    bool has_table;
    uint32_t table_len; /* its minimum; its maximum is forced to the same */
    bool has_memory;
    uint32_t memory_pages_min;
    uint32_t
        memory_pages_max; /* declared, lowered to AE_MEMORY_PAGES_MAX; that where none is declared */

    uint32_t start;      /* function index, or AE_NO_INDEX */
    uint32_t entries[4]; /* function index by aether_entry, or AE_NO_INDEX */

    ae_custom_section custom[AE_CUSTOM_SECTIONS_KEPT_MAX];
    uint32_t custom_count;
} ae_module;

/* Validate the bytes against the profile and fill the module in.
 *
 * bytes    borrowed as long as the module lives
 * imports  the allow-list
 *
 * OK · MALFORMED_MODULE, INVALID_MODULE, INVALID_INTERFACE, FORBIDDEN_FEATURE, LIMIT_EXCEEDED: rejection,
 * the message names rule, function and offset · OUT_OF_MEMORY: fault.
 * On failure: *out_module needs no deinit.
 * Determinism: a pure function of the bytes. Time: linear in their length. */
AETHER_MUST_CHECK aether_status ae_module_decode(
    aether_bytes bytes, ae_import_rules imports, ae_module *out_module, aether_error *err);

void ae_module_deinit(ae_module *module);

/* The type of any function index below import_count + function_count. */
const ae_functype *ae_module_function_type(const ae_module *module, uint32_t function);

/* Whether the type is spelled by these letters ("iI>i"). */
bool ae_functype_matches(const ae_functype *type, const char *signature);

/* Find a custom section by name; NULL if absent. */
const ae_custom_section *ae_module_find_custom(const ae_module *module, const char *name);

/* What a deployment uploads: every section but the custom ones, of which only `name` and `aether.meta`
 * stay, each within its bound. `out` has at least module->bytes.len bytes; returns the bytes written. */
size_t ae_module_strip(const ae_module *module, uint8_t *out);

#endif
