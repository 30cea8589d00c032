/**
 * Statuses and error details.
 *
 * Every function that can fail returns an `aether_status` and takes an optional, caller-owned
 * `aether_error` as its last parameter. The hundreds tell the kind of a failure:
 *
 *   1xx  misuse: the calling program's mistake
 *   2xx  rejection: the bytes that were given; the same on every machine
 *   9xx  fault: this machine's memory, disk or engine; never a result of a contract
 *
 * What a contract does (success, revert, failure) is never a status: see execution.h.
 * Thread safety: immutable.
 */
#ifndef AETHER_STATUS_H
#define AETHER_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/** X(name, number, text). Numbers are ABI: never renumbered, never reused. */
#define AETHER_STATUS_MAP(X)                                                            \
    X(OK, 0, "success")                                                                 \
    X(INVALID_ARGUMENT, 100, "invalid argument")                                        \
    X(WRONG_STATE, 101, "call not allowed in the object's current state")               \
    X(MALFORMED_MODULE, 200, "bytes are not a Wasm binary")                             \
    X(FORBIDDEN_FEATURE, 201, "module uses a feature outside the profile")              \
    X(LIMIT_EXCEEDED, 202, "a protocol limit was exceeded")                             \
    X(INVALID_MODULE, 203, "module breaks a validation rule of WebAssembly")            \
    X(INVALID_INTERFACE, 204, "module's imports or exports do not follow the host ABI") \
    X(MALFORMED_TEXT, 205, "text is not a WAT module")                                  \
    X(MISSING_ENTRY, 206, "module has no such entry point")                             \
    X(MALFORMED_TRANSACTION, 207, "bytes are not a canonical transaction")              \
    X(INVALID_PROOF, 208, "the proof does not show what it is said to show")            \
    X(INVALID_SNAPSHOT, 209, "bytes are not a snapshot, or not of this state")          \
    X(INVALID_GENESIS, 210, "a genesis breaks a rule")                                  \
    X(INVALID_KEY, 211, "bytes are not a key of this type")                             \
    X(OUT_OF_MEMORY, 900, "host memory exhausted")                                      \
    X(STORAGE_FAILED, 901, "the state store failed")                                    \
    X(ENGINE_FAILED, 902, "the Wasm engine failed")                                     \
    X(STORAGE_DAMAGED, 903, "the state store holds what was never written to it")

typedef enum aether_status {
#define AETHER_STATUS_ENUM(name, number, text) AETHER_##name = number,
    AETHER_STATUS_MAP(AETHER_STATUS_ENUM)
#undef AETHER_STATUS_ENUM
} aether_status;

/** Details of one failure. Caller-owned storage; no destructor; may be NULL wherever accepted.
 *  Untouched on success. */
typedef struct aether_error {
    aether_status status; /**< equals the returned status */
    char message[252];    /**< NUL-terminated UTF-8, one line, truncated with "..." */
} aether_error;

#if defined(__GNUC__)
#define AETHER_MUST_CHECK __attribute__((warn_unused_result))
#define AETHER_API __attribute__((visibility("default")))
#else
#define AETHER_MUST_CHECK
#define AETHER_API
#endif

/** The name of a status as in the enum without its prefix, for example "LIMIT_EXCEEDED"; "UNKNOWN"
 *  for a number that this version does not know. Static storage. */
AETHER_API const char *aether_status_name(aether_status status);

/** One sentence about a status, lower case, no full stop. Static storage. */
AETHER_API const char *aether_status_text(aether_status status);

#ifdef __cplusplus
}
#endif

#endif
