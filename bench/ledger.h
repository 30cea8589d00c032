/* A chain in a database in a temporary folder, to be measured: accounts with keys, a token, blocks of signed
 * transactions. A large state is made in batches, not by transactions.
 *
 * Everything that returns false has said why on stderr. Thread safety: one-at-a-time. */
#ifndef AE_BENCH_LEDGER_H
#define AE_BENCH_LEDGER_H

#include "measure.h"

#include "state/journal.h"

#include <aether/aether.h>

#define BENCH_SENDERS_MAX 10000

typedef struct bench_ledger {
    char path[64];
    aether_engine *engine;
    aether_database *database;
    aether_store store;
    aether_chain *chain;
    aether_address *addresses; /* of all accounts; those with a key come first */
    size_t account_count;
    size_t sender_count;
    uint8_t (*secrets)[AETHER_SECRET_KEY_LEN];
    uint64_t *nonces;
    uint64_t genesis_file_len; /* bytes of the database with the accounts alone */
    aether_address token;
} bench_ledger;

/* With so many accounts, of which at most BENCH_SENDERS_MAX have a key. */
bool bench_ledger_init(bench_ledger *self, size_t account_count);
void bench_ledger_deinit(bench_ledger *self); /* safe on a zeroed struct; removes the folder */

/* Upload and deploy the token; every account gets some. folder: of the program. */
bool bench_ledger_add_token(bench_ledger *self, const char *folder);

/* One change of the state that is no transaction: write puts it into the journal. */
typedef struct bench_update {
    bool (*write)(void *user, ae_journal *journal);
    void *user;
    bool has_undo;      /* as a block has */
    double make_ns;     /* out: CPU of root and batch */
    double apply_ns;    /* out: CPU of applying it */
    double wall_ns;     /* out: of both */
    size_t batch_count; /* out */
} bench_update;

/* Advance the chain's head by one height with such a change. */
bool bench_ledger_update(bench_ledger *self, bench_update *update);

/* A signed transaction of a sender with its next nonce; `to` and the kind are set by the caller. */
bool bench_ledger_sign(
    bench_ledger *self, size_t sender, const aether_transaction *fields, aether_buffer *out_bytes);

/* Times of a block's stages in nanoseconds, summed over blocks. */
typedef struct bench_stages {
    double execute_cpu;
    double end_cpu;
    double apply_cpu;
    double apply_wall;
    double wall; /* of all of it */
    uint64_t gas;
    size_t count;            /* transactions */
    aether_address contract; /* of the last one */
} bench_stages;

/* Execute, end, apply, commit; every transaction must succeed. */
bool bench_ledger_block(
    bench_ledger *self, const aether_buffer *transactions, size_t count, bench_stages *to);

/* What may be uploaded of a module: a copy, to be released with free. */
bool bench_module_strip(aether_bytes file, aether_bytes *out);

/* splitmix64. */
uint64_t bench_random(uint64_t *state);

/* Wall time. */
uint64_t bench_wall_ns(void);

bool bench_file_len(const bench_ledger *self, uint64_t *out_len);

/* A fresh folder under /tmp; and its removal with all that is in it. */
bool bench_folder_make(char *path, size_t capacity);
void bench_folder_remove(const char *path);

#endif
