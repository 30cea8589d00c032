#include "proof/proof.h"

#include "base/assert.h"

static bool is_empty(const aether_hash *hash) {
    static const aether_hash empty;
    return memcmp(hash, &empty, sizeof empty) == 0;
}

static size_t put(uint8_t *out, const uint8_t *bytes, size_t len) {
    memcpy(out, bytes, len);
    return len;
}

size_t ae_proof_level_encode(const ae_proof_level *level, uint8_t *out) {
    AE_ASSERT(level->depth <= AETHER_PROOF_DEPTH_MAX);
    out[0] = level->terminal;
    out[1] = (uint8_t)level->depth;
    out[2] = (uint8_t)(level->depth >> 8);
    uint8_t *bitmap = out + 3;
    const size_t bitmap_len = (level->depth + 7) / 8;
    memset(bitmap, 0, bitmap_len);
    size_t len = 3 + bitmap_len;
    for (uint32_t i = 0; i < level->depth; i++) {
        if (is_empty(&level->siblings[i]))
            continue;
        bitmap[i / 8] |= (uint8_t)(1u << i % 8);
        len += put(out + len, level->siblings[i].bytes, AETHER_HASH_LEN);
    }
    if (level->terminal == AE_PROOF_TERMINAL_OTHER) {
        len += put(out + len, level->other_path, AETHER_HASH_LEN);
        len += put(out + len, level->other_value_hash, AETHER_HASH_LEN);
    }
    return len;
}

size_t ae_proof_encode(const ae_proof_level *application, aether_bytes record,
    const ae_proof_level *storage, uint8_t *out) {
    AE_ASSERT(record.len <= UINT8_MAX);
    out[0] = AE_PROOF_VERSION;
    size_t len = 1 + ae_proof_level_encode(application, out + 1);
    if (record.len != 0) {
        out[len++] = (uint8_t)record.len;
        len += put(out + len, record.data, record.len);
    }
    if (storage != NULL)
        len += ae_proof_level_encode(storage, out + len);
    return len;
}
