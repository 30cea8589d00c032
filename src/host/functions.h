/* The host functions, one prototype for each row of host/functions.def, and what they share.
 * Internal to this folder.
 *
 * Every one keeps this order: charge base and bytes in; check all lengths and pointers, inputs and
 * outputs; charge bytes out; act. So a refusal, or too little gas, leaves no trace. Bytes in are
 * the lengths that the contract declares; inputs of a fixed size are part of the base.
 *
 * Thread safety: one-at-a-time. */
#ifndef AE_HOST_FUNCTIONS_H
#define AE_HOST_FUNCTIONS_H

#include "host/guest.h"

#define AE_HOST(name, signature, c_result, c_params, summary) \
    ae_host_flow ae_host_##name(ae_host *host, ae_slot *slots);
#include "host/functions.def"
#undef AE_HOST

/* The i32 argument at `index`. */
static inline uint32_t ae_host_arg(const ae_slot *slots, size_t index) {
    return ae_slot_get_u32(&slots[index]);
}

/* Set the result and go on. An i32 is given as its 32 bits. */
static inline ae_host_flow ae_host_result(ae_slot *slots, uint64_t bits) {
    slots[0].bits = bits;
    return AE_HOST_CONTINUE;
}

#define AE_HOST_ABSENT UINT32_MAX /* -1 as an i32 */

/* Take gas. False: not enough, the frame ends OUT_OF_GAS. */
__attribute__((warn_unused_result)) bool ae_host_charge(ae_host *host, uint64_t gas);

/* The same for a function's base and the bytes that it is given. */
__attribute__((warn_unused_result)) bool ae_host_charge_in(
    ae_host *host, ae_host_price_id function, uint64_t bytes);

/* The same for the bytes that it hands out. */
__attribute__((warn_unused_result)) bool ae_host_charge_out(
    ae_host *host, ae_host_price_id function, uint64_t bytes);

/* End the frame as HOST: "function: argument: text", without the middle part where argument.name is
 * NULL. Always AE_HOST_STOP. */
__attribute__((format(printf, 3, 4))) ae_host_flow ae_host_refuse(
    ae_host *host, ae_argument argument, const char *format, ...);

/* Refuse an effect in a static frame. */
__attribute__((warn_unused_result)) bool ae_host_may_act(ae_host *host, ae_host_price_id function);

/* Refuse a length above a limit. */
__attribute__((warn_unused_result)) bool ae_host_check_len(
    ae_host *host, ae_argument argument, uint32_t len, uint32_t len_max);

/* Abandon the execution with a status that fault_error describes already. Always AE_HOST_STOP. */
ae_host_flow ae_host_fault(ae_host *host, aether_status status);

/* The arena could not give `bytes`: a fault. Gas bounds what a contract may put there. */
ae_host_flow ae_host_exhausted(ae_host *host, ae_host_price_id function, size_t bytes);

/* The output rule: pay for and copy min(len, room) bytes, the result is len. */
ae_host_flow ae_host_give(
    ae_host *host, ae_host_price_id function, aether_bytes bytes, ae_span room, ae_slot *slots);

#endif
