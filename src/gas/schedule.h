/* Prices. A schedule is an immutable table; which one a chain uses is part of its protocol.
 *
 * Thread safety: immutable. Determinism: part of consensus. */
#ifndef AE_GAS_SCHEDULE_H
#define AE_GAS_SCHEDULE_H

#include "wasm/module.h"

/* Host functions that have a price, in the order of gas/host_prices.def. */
typedef enum ae_host_price_id {
#define AE_HOST_PRICE(name, base, in_rate, out_rate, rule) AE_HOST_PRICE_##name,
#include "gas/host_prices.def"
#undef AE_HOST_PRICE
    AE_HOST_PRICE_COUNT
} ae_host_price_id;

/* Gas of a host function: base + in_rate × bytes in, before any work; out_rate × bytes out, before the
 * copy (HOST_ABI, "Gas of a host function"). */
typedef struct ae_host_price {
    uint64_t base;     /* gas */
    uint64_t in_rate;  /* gas per byte */
    uint64_t out_rate; /* gas per byte */
} ae_host_price;

typedef struct ae_schedule {
    aether_schedule id;
    const char *name; /* "v1", "unit" */
    uint32_t
        opcodes[AE_OPCODE_COUNT]; /* gas of one execution; bulk ones and memory.grow: their base */
    uint32_t function_entry;      /* gas of entering a function */
    uint32_t function_local;      /* gas of each declared local, at entry */
    uint32_t bulk_byte;           /* gas per byte of memory.fill, memory.copy, memory.init */
    uint32_t grow_page;           /* gas per page that memory.grow adds */
    uint32_t storage_next_step;   /* gas per key that storage_next passes over */
    uint32_t instance;            /* gas of an instantiation */
    uint32_t instance_page;       /* gas per initial page */
    uint32_t instance_data_byte;  /* gas per byte of active data */
    uint32_t instance_element;    /* gas per element of the table that is set */
    uint32_t instance_global;     /* gas per global */
    uint32_t transaction_base;    /* gas of a transaction, before it runs */
    uint32_t transaction_byte;    /* gas per byte of it */
    uint32_t transaction_signature; /* gas of its signature */
    uint32_t value_transfer;        /* gas of sending value in a transaction */
    uint32_t deploy_base;           /* gas of a contract's record */
    uint32_t upload_base;           /* gas of an upload, before its code is looked at */
    uint32_t upload_byte;           /* gas per byte of it, likewise */
    uint32_t upload_function; /* gas per function, before it is compiled; as are those below */
    uint32_t upload_local;
    uint32_t upload_block;
    uint32_t upload_merge;
    uint32_t upload_data_segment;
    ae_host_price host[AE_HOST_PRICE_COUNT];
} ae_schedule;

/* The table of an id; NULL for a number that is not one. */
const ae_schedule *ae_schedule_get(aether_schedule id);

/* Gas of instantiating a module: base + initial pages + data bytes + elements + globals (METERING 2). */
uint64_t ae_schedule_instantiation_gas(const ae_schedule *schedule, const ae_module *module);

/* Gas of compiling a module that was uploaded: its functions, locals, wasm blocks, merges and data segments. Its bytes are
 * paid for before they are validated. */
uint64_t ae_schedule_upload_gas(const ae_schedule *schedule, const ae_module *module);

/* Gas of entering a function and of every instruction in it once, operand-dependent parts not counted.
 * The module was accepted. */
uint64_t ae_schedule_static_gas(
    const ae_schedule *schedule, const ae_module *module, const ae_function *function);

/* Metered stack bytes of one call (METERING 7): 8 × (params + locals + operand height) + 64. */
uint32_t ae_schedule_frame_bytes(const ae_module *module, const ae_function *function);

#endif
