#include "gas/emit.h"

#include "base/alloc.h"

void ae_emit_init(ae_emit *emit) {
    *emit = (ae_emit){0};
}

void ae_emit_deinit(ae_emit *emit) {
    ae_free(emit->data);
    *emit = (ae_emit){0};
}

bool ae_emit_grow(ae_emit *emit, uint32_t more) {
    if (more > UINT32_MAX / 4 || emit->len > UINT32_MAX / 4)
        return false;
    const uint32_t needed = emit->len + more;
    uint32_t capacity = emit->capacity < 4096 ? 4096 : emit->capacity;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *data = ae_realloc(emit->data, capacity, 1);
    if (data == NULL)
        return false;
    emit->data = data;
    emit->capacity = capacity;
    return true;
}

uint32_t ae_leb128_u32_len(uint32_t value) {
    uint32_t len = 1;
    for (; value >= 0x80; value >>= 7)
        len++;
    return len;
}

void ae_emit_patch_u32(ae_emit *emit, uint32_t at, uint32_t value) {
    AE_ASSERT(at + AE_LEB128_PADDED_LEN <= emit->len);
    for (uint32_t i = 0; i < AE_LEB128_PADDED_LEN - 1; i++) {
        emit->data[at + i] = (uint8_t)((value & 0x7f) | 0x80);
        value >>= 7;
    }
    emit->data[at + AE_LEB128_PADDED_LEN - 1] = (uint8_t)value;
}
