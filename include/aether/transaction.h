/**
 * Transactions and receipts: their fields, their canonical bytes, their signatures.
 *
 * The encoding is Protocol Buffers (proto/aether.proto), with one encoding for each value: what was decoded, encoded
 * again, gives the same bytes, and no unknown field is carried at any level. What is signed is
 * H("sign", the transaction without its signature); its hash is H("transaction", all of it).
 *
 * Life: fill an aether_transaction → aether_transaction_encode with a secret key → bytes for a block. What they do, and
 * what they cost: docs/ledger.md. Amounts are u128 in the chain's smallest unit; fees are gas × price, exactly.
 * Thread safety: immutable; every function is thread-safe and pure.
 */
#ifndef AETHER_TRANSACTION_H
#define AETHER_TRANSACTION_H

#include <aether/account.h>
#include <aether/execution.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a transaction does. Numbers are those of the fields in proto/aether.proto. */
typedef enum aether_transaction_kind {
    AETHER_TRANSACTION_UPLOAD = 10, /**< code: validate, compile and keep it */
    AETHER_TRANSACTION_DEPLOY =
        11,                       /**< a contract of uploaded code; runs its `init` if it has one */
    AETHER_TRANSACTION_CALL = 12, /**< `execute` of a contract */
    AETHER_TRANSACTION_TRANSFER = 13, /**< value to an address; runs no code */
    AETHER_TRANSACTION_UPGRADE =
        14 /**< other code for a contract; runs its `migrate` if it has one */
} aether_transaction_kind;

/** A transaction. Encode borrows its views during the call; after decode they live until
 *  aether_transaction_destroy. */
typedef struct aether_transaction {
    uint32_t struct_size;  /**< sizeof(aether_transaction) */
    aether_bytes chain_id; /**< 1–64 bytes in 0x21–0x7e: printable ASCII without the space */
    uint64_t nonce; /**< of the sender's account: 0 at first, and 1 more than in the one before */
    uint64_t gas_limit;     /**< gas units; intrinsic gas included */
    uint64_t gas_price;     /**< amount for each gas unit */
    uint64_t expiry_height; /**< the last block that may hold it; 0: any */
    aether_public_key key;  /**< the sender's; set by encode */
    aether_transaction_kind kind;
    aether_address to;  /**< contract (call, upgrade) or recipient (transfer) */
    aether_u128 value;  /**< deploy, call, transfer */
    aether_bytes input; /**< of `init`, `execute` or `migrate`: at most 128 KiB */
    aether_bytes
        code; /**< upload: a Wasm binary that carries no more custom sections than an upload may, as
                   aether_module_strip gives it */
    aether_hash code_hash; /**< deploy, upgrade: of code that was uploaded; aether_code_hash */
    aether_hash salt;      /**< deploy: any; with sender and code it makes the contract's address */
    bool is_upgradable;    /**< deploy: whether the sender may upgrade it later */
    void *owner;           /**< the library's; do not touch */
} aether_transaction;

/** Release what decode filled in; NULL and a zeroed struct are no-ops. */
AETHER_API void aether_transaction_destroy(aether_transaction *transaction);

/**
 * Encode and sign.
 *
 * @param transaction  borrowed during the call; `key` is ignored: it follows from type and secret
 * @param type         of the secret; without one not looked at
 * @param secret       AETHER_SECRET_KEY_LEN bytes; NULL: no signature, for a simulation, and `key` is taken as it is
 * @param out_bytes    the caller destroys it
 * @return OK; INVALID_ARGUMENT: a field is out of its range, or value, input, code or is_upgradable is set for a kind
 *         that has none; INVALID_KEY; OUT_OF_MEMORY
 * Determinism: signatures are deterministic (RFC 8032, RFC 6979).
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_transaction_encode(
    const aether_transaction *transaction, aether_key_type type, const uint8_t *secret,
    aether_buffer *out_bytes, aether_error *err);

/**
 * Decode, strictly. The signature is not verified here: a block does.
 *
 * @param bytes            borrowed during the call; what is decoded is copied
 * @param out_transaction  the caller destroys it
 * @return OK; INVALID_ARGUMENT; MALFORMED_TRANSACTION: not the encoding of any transaction, and the message says where;
 *         OUT_OF_MEMORY
 */
AETHER_API AETHER_MUST_CHECK aether_status aether_transaction_decode(
    aether_bytes bytes, aether_transaction *out_transaction, aether_error *err);

/** The hash of encoded and signed bytes, whatever they are: H("transaction", bytes). */
AETHER_API void aether_transaction_hash(aether_bytes bytes, aether_hash *out_hash);

/** Why a transaction is invalid: it had no effect and cost nothing. Numbers are consensus; the first that
 *  holds, in this order, is told. X(name, number, text) */
#define AETHER_INVALID_MAP(X)                                                        \
    X(NONE, 0, "valid")                                                              \
    X(ENCODING, 1, "bytes are not a canonical transaction")                          \
    X(SIZE, 2, "more bytes than a transaction may have")                             \
    X(CHAIN_ID, 3, "made for another chain")                                         \
    X(EXPIRY, 4, "expired")                                                          \
    X(SIGNATURE, 5, "signature is not the sender's")                                 \
    X(NONCE, 6, "nonce is not the account's next one")                               \
    X(INTRINSIC_GAS, 7, "gas limit below what the transaction costs before it runs") \
    X(BLOCK_GAS, 8, "gas limit above what the block has left")                       \
    X(FUNDS, 9, "balance below gas limit times price plus value")

typedef enum aether_invalid {
#define AETHER_INVALID_ENUM(name, number, text) AETHER_INVALID_##name = number,
    AETHER_INVALID_MAP(AETHER_INVALID_ENUM)
#undef AETHER_INVALID_ENUM
} aether_invalid;

/** The text of a reason; "unknown" for a number that this version does not know. Static storage. */
AETHER_API const char *aether_invalid_text(aether_invalid reason);

/** What consensus sees of a transaction in a block. */
typedef enum aether_receipt_outcome {
    AETHER_RECEIPT_SUCCESS = 0,
    AETHER_RECEIPT_REVERTED = 1,
    AETHER_RECEIPT_FAILED = 2,
    AETHER_RECEIPT_INVALID = 3
} aether_receipt_outcome;

/** Codes of REVERTED that the ledger gives, besides the runtime's (execution.h). */
#define AETHER_CODE_REFUSED 1       /**< upload: the module breaks a rule */
#define AETHER_CODE_NO_CODE 5       /**< call, deploy, upgrade: no code there, or no such entry */
#define AETHER_CODE_ADDRESS_TAKEN 8 /**< deploy: the address has code already */
#define AETHER_CODE_NO_RIGHT (-2)   /**< upgrade: not upgradable, or not the owner's transaction */

/** A receipt. Everything it points to lives until aether_receipt_destroy. */
typedef struct aether_receipt {
    aether_receipt_outcome outcome;
    int32_t code;          /**< of REVERTED */
    aether_invalid reason; /**< of INVALID */
    uint64_t gas_used;     /**< gas units, intrinsic gas included; 0 when INVALID */
    aether_bytes return_data;
    const aether_log *logs; /**< empty unless SUCCESS */
    size_t log_count;

    /* What follows is no part of consensus and of no encoding: for people. */
    uint64_t gas_limit;           /**< gas units; of a simulation the block's */
    aether_u128 fee;              /**< what was paid: gas_used × price */
    aether_hash hash;             /**< of the transaction */
    aether_address contract;      /**< that was called, deployed or upgraded; zero otherwise */
    const aether_change *changes; /**< committed keys that it changed, sorted; fees apart */
    size_t change_count;
    aether_end end;          /**< of what ran; RETURNED when nothing did */
    const aether_trap *trap; /**< or NULL */
    const char *debug_text;  /**< what contracts wrote with `log` */
    const char *message;     /**< one line: why it was refused, or "" */
    void *owner;             /**< the library's; do not touch */
} aether_receipt;

/** Release; NULL and a zeroed struct are no-ops. */
AETHER_API void aether_receipt_destroy(aether_receipt *receipt);

/** Canonical bytes of a receipt, its first part.
 *  @param out_bytes  the caller destroys it
 *  @return OK; INVALID_ARGUMENT: values that don't belong together, such as a code of a success; OUT_OF_MEMORY */
AETHER_API AETHER_MUST_CHECK aether_status aether_receipt_encode(
    const aether_receipt *receipt, aether_buffer *out_bytes, aether_error *err);

/** The reverse; what is no part of the encoding is zero.
 *  @param bytes        borrowed during the call; what is decoded is copied
 *  @param out_receipt  the caller destroys it
 *  @return OK; INVALID_ARGUMENT; MALFORMED_TRANSACTION: bytes that are no receipt; OUT_OF_MEMORY */
AETHER_API AETHER_MUST_CHECK aether_status aether_receipt_decode(
    aether_bytes bytes, aether_receipt *out_receipt, aether_error *err);

/** H("receipt", bytes). */
AETHER_API void aether_receipt_hash(aether_bytes bytes, aether_hash *out_hash);

#ifdef __cplusplus
}
#endif

#endif
