/* What a state holds about the chain itself: its parameters, its uploaded code, its head. Fixed bytes, integers
 * little endian; what is decoded has exactly one encoding.
 *
 *   parameters   under 0x04 ‖ "parameters": protocol version (4) ‖ schedule (1) ‖ block gas (8) ‖ transaction bytes
 *                (4) ‖ block bytes (4) ‖ fee address (32) ‖ supply (16) ‖ chain id length (1) ‖ chain id
 *   code record  under 0x03 ‖ code hash: length (4) ‖ gas of an instantiation (8)
 *   head         under 0x14, not committed: height (8) ‖ time (8) ‖ root (32)
 *
 * Thread safety: immutable. Determinism: the first two are consensus. */
#ifndef AE_LEDGER_RECORD_H
#define AE_LEDGER_RECORD_H

#include "base/limits.h"
#include "state/key.h"

#include <aether/chain.h>

#include "base/error.h"

#define AE_PARAMETERS_LEN_MAX (70 + AE_CHAIN_ID_LEN_MAX)
#define AE_CODE_RECORD_LEN 12
#define AE_HEAD_LEN 48

/* What a chain was made with and never changes. */
typedef struct ae_constitution {
    aether_parameters parameters; /* no zero that means a default */
    aether_u128 supply;           /* sum of all balances */
    uint8_t chain_id_len;
    char chain_id[AE_CHAIN_ID_LEN_MAX + 1]; /* NUL-terminated */
} ae_constitution;

typedef struct ae_code_record {
    uint32_t len; /* bytes of the code */
    uint64_t instantiation_gas;
} ae_code_record;

typedef struct ae_head {
    uint64_t height;
    uint64_t time;
    aether_hash root;
} ae_head;

void ae_parameters_key_init(ae_store_key *out);
void ae_code_record_key_init(ae_store_key *out, const aether_hash *code_hash);
void ae_code_key_init(ae_store_key *out, const aether_hash *code_hash);
void ae_head_key_init(ae_store_key *out);

/* out: AE_PARAMETERS_LEN_MAX bytes. Returns bytes written. */
size_t ae_constitution_encode(const ae_constitution *constitution, uint8_t *out);

/* STORAGE_DAMAGED for what encode does not give; LIMIT_EXCEEDED for a protocol version that is not ours. */
AETHER_MUST_CHECK aether_status ae_constitution_decode(
    aether_bytes bytes, ae_constitution *out, aether_error *err);

void ae_code_record_encode(const ae_code_record *record, uint8_t out[AE_CODE_RECORD_LEN]);
AETHER_MUST_CHECK aether_status ae_code_record_decode(
    aether_bytes bytes, ae_code_record *out, aether_error *err);

void ae_head_encode(const ae_head *head, uint8_t out[AE_HEAD_LEN]);
AETHER_MUST_CHECK aether_status ae_head_decode(aether_bytes bytes, ae_head *out, aether_error *err);

#endif
