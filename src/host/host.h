/* The host of one frame: everything its host functions read and write, and how a frame is stopped.
 *
 * A host function gets its arguments in slots, charges, checks every pointer and length, acts, and
 * puts its result into slots[0]. It either continues or stops the frame: the contract's own wish
 * (revert, panic), not enough gas, a refused argument, or a fault of this machine. Nothing here
 * knows the engine: guest memory arrives as a bounded view, the counter as a meter.
 *
 * Life: ae_host_init → ae_host_row.function … by the frame's code → read the ends.
 * Thread safety: one-at-a-time. Determinism: part of consensus, but for the diagnosis texts. */
#ifndef AE_HOST_HOST_H
#define AE_HOST_HOST_H

#include "base/arena.h"
#include "base/slot.h"
#include "gas/meter.h"
#include "gas/schedule.h"
#include "state/journal.h"

#define AE_DEBUG_TEXT_LEN_MAX 65536 /* bytes of `log` text kept for people; more is dropped */

/* What a frame is told; constant while it runs. */
typedef struct ae_frame_context {
    aether_address self;
    aether_address caller;
    aether_u128 value;
    uint64_t block_number;
    uint64_t timestamp;
    aether_bytes chain_id; /* at most 64 bytes */
    aether_bytes input;    /* at most 128 KiB */
    bool is_static;        /* an effect fails the frame */
} ae_frame_context;

typedef struct ae_host {
    const ae_schedule *schedule;
    const ae_frame_context *context;
    ae_journal *journal;
    ae_arena *arena;
    ae_span memory; /* the guest's, as it is now; set before each host function */
    ae_meter meter; /* exact; set before each host function */

    /* How the frame was stopped by a host function; AETHER_END_RETURNED: it was not. */
    aether_end end;           /* REVERT, PANIC, OUT_OF_GAS or HOST */
    char message[200];        /* of PANIC and HOST, for people, escaped */
    aether_status fault;      /* AETHER_OK, or this machine's: the execution is abandoned */
    aether_error fault_error; /* details of it */

    aether_bytes return_data; /* set by return_data, or the reason; in the arena */
    ae_span return_buffer;    /* what lies behind it, used again: one frame holds 128 KiB at most */

    char *debug_text; /* what `log` wrote: escaped lines, then NUL; in the arena, or NULL */
    size_t debug_len; /* bytes of it, at most AE_DEBUG_TEXT_LEN_MAX */
} ae_host;

typedef enum ae_host_flow {
    AE_HOST_STOP = 0,
    AE_HOST_CONTINUE = 1,
} ae_host_flow;

/* slots: the arguments in order; the result, if there is one, goes into slots[0]. */
typedef ae_host_flow (*ae_host_function)(ae_host *host, ae_slot *slots);

/* One row of host/functions.def with its price and code. */
typedef struct ae_host_row {
    const char *name;
    const char *signature;
    const char *c_result;
    const char *c_params;
    const char *summary;
    bool takes_pointer;
    uint8_t param_count;
    uint8_t result_count;
    ae_host_price_id price;
    ae_host_function function;
} ae_host_row;

/* The table, in the order of host/functions.def. */
extern const ae_host_row ae_host_rows[AE_HOST_PRICE_COUNT];

/* The allow-list for ae_module_decode; rule i is row i. */
ae_import_rules ae_host_import_rules(void);

/* Begin a frame. All pointers are borrowed as long as the host lives. */
void ae_host_init(ae_host *host, const ae_schedule *schedule, const ae_frame_context *context,
    ae_journal *journal, ae_arena *arena, uint64_t gas_limit);

#endif
