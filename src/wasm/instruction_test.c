/* The instruction reader knows exactly the table's opcodes, keeps every immediate, and names what it refuses.
 * Method: every row written and read back, every byte and second byte that is no row, truncation everywhere. */
#include "wasm/instruction.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

static aether_status read_one(aether_bytes bytes, ae_instruction *out, aether_error *err) {
    ae_reader reader = ae_reader_over(bytes, 0, (uint32_t)bytes.len);
    const aether_status status = ae_instruction_read(&reader, out, err);
    if (status == AETHER_OK)
        CHECK_U64(reader.at, out->len);
    return status;
}

static void write_immediate(wasm_builder *b, ae_immediate kind) {
    switch (kind) {
    case AE_IMM_NONE:
        break;
    case AE_IMM_BLOCK_TYPE:
        wasm_byte(b, 0x7e);
        break;
    case AE_IMM_LABEL_TABLE:
        WASM(b, 2, 9, 0x88, 0x00, 7);
        break;
    case AE_IMM_CALL_INDIRECT:
        WASM(b, 0x85, 0x00, 0x80, 0x80, 0x80, 0x80, 0x00);
        break;
    case AE_IMM_MEMARG:
        WASM(b, 2, 0x80, 0x02);
        break;
    case AE_IMM_MEMORY:
        wasm_byte(b, 0);
        break;
    case AE_IMM_MEMORY_COPY:
        WASM(b, 0, 0);
        break;
    case AE_IMM_MEMORY_INIT:
        WASM(b, 5, 0);
        break;
    case AE_IMM_I32:
        wasm_s64(b, INT32_MIN);
        break;
    case AE_IMM_I64:
        wasm_s64(b, INT64_MIN);
        break;
    case AE_IMM_F32:
        wasm_u32_le(b, 0x7fa00001);
        break;
    case AE_IMM_F64:
        wasm_u64_le(b, 0x7ff4000000000001);
        break;
    default:
        WASM(b, 0x85, 0x80, 0x00); // index 5 in a long form
    }
}

static void check_immediate(const ae_instruction *read, ae_immediate kind) {
    switch (kind) {
    case AE_IMM_NONE:
    case AE_IMM_MEMORY:
    case AE_IMM_MEMORY_COPY:
        CHECK_U64(read->index, 0);
        CHECK_U64(read->value, 0);
        break;
    case AE_IMM_BLOCK_TYPE:
        CHECK_U64(read->block_type, 0x7e);
        break;
    case AE_IMM_LABEL_TABLE:
        CHECK_U64(read->index, 2);
        break;
    case AE_IMM_MEMARG:
        CHECK_U64(read->table, 2);
        CHECK_U64(read->value, 256);
        break;
    case AE_IMM_I32:
        CHECK_I64((int64_t)read->value, INT32_MIN);
        break;
    case AE_IMM_I64:
        CHECK_I64((int64_t)read->value, INT64_MIN);
        break;
    case AE_IMM_F32:
        CHECK_U64(read->value, 0x7fa00001);
        break;
    case AE_IMM_F64:
        CHECK_U64(read->value, 0x7ff4000000000001);
        break;
    default:
        CHECK_U64(read->index, 5);
        CHECK_U64(read->table, 0);
    }
}

static void write_row(wasm_builder *b, ae_opcode opcode) {
    const ae_opcode_info *info = ae_opcode_get(opcode);
    if (info->code >= 0x100) {
        wasm_byte(b, 0xfc);
        wasm_u32(b, info->code & 0xff);
    } else {
        wasm_byte(b, (uint8_t)info->code);
    }
    write_immediate(b, info->immediate);
}

static void every_row_is_read_back(void) {
    aether_error err;
    for (unsigned i = 0; i < AE_OPCODE_COUNT; i++) {
        wasm_builder b = {0};
        ae_instruction read = {0};
        write_row(&b, (ae_opcode)i);
        CHECK_OK(read_one(wasm_bytes_of(&b), &read, &err));
        CHECK_U64(read.opcode, i);
        CHECK_U64(read.len, b.len);
        check_immediate(&read, ae_opcode_get((ae_opcode)i)->immediate);
        wasm_free(&b);
    }
}

static void every_row_is_refused_when_cut(void) {
    aether_error err;
    for (unsigned i = 0; i < AE_OPCODE_COUNT; i++) {
        wasm_builder b = {0};
        ae_instruction read = {0};
        write_row(&b, (ae_opcode)i);
        for (size_t len = 0; len < b.len; len++)
            CHECK_STATUS(read_one((aether_bytes){.data = b.data, .len = len}, &read, &err),
                AETHER_MALFORMED_MODULE);
        wasm_free(&b);
    }
}

static bool is_row(unsigned code) {
    for (unsigned i = 0; i < AE_OPCODE_COUNT; i++)
        if (ae_opcode_get((ae_opcode)i)->code == code)
            return true;
    return false;
}

// Bytes of later proposals, as ranges.
static const uint8_t later[][2] = {{0x06, 0x0a}, {0x12, 0x15}, {0x18, 0x19}, {0x1c, 0x1c},
    {0x1f, 0x1f}, {0x25, 0x26}, {0xd0, 0xd6}, {0xe0, 0xe6}, {0xfb, 0xfb}, {0xfd, 0xfe}};
static const uint8_t later_seconds[][2] = {{0x0c, 0x11}, {0x13, 0x16}};

static bool is_in(unsigned byte, const uint8_t (*ranges)[2], size_t count) {
    for (size_t i = 0; i < count; i++)
        if (byte >= ranges[i][0] && byte <= ranges[i][1])
            return true;
    return false;
}

static void every_other_byte_is_refused_by_its_kind(void) {
    aether_error err;
    for (unsigned byte = 0; byte < 256; byte++) {
        if (is_row(byte) || byte == 0xfc)
            continue;
        ae_instruction read = {0};
        const bool is_later = is_in(byte, later, sizeof later / sizeof later[0]);
        CHECK_STATUS(read_one(WASM_CODE_BYTES((uint8_t)byte, 0, 0, 0, 0, 0), &read, &err),
            is_later ? AETHER_FORBIDDEN_FEATURE : AETHER_MALFORMED_MODULE);
        CHECK(strstr(err.message, is_later ? "belongs to" : "does not exist") != NULL);
    }
}

static void every_other_second_byte_is_refused_by_its_kind(void) {
    aether_error err;
    for (uint32_t second = 0; second < 0x200; second++) {
        if (second < 0x100 && is_row(0xfc00 + second))
            continue;
        wasm_builder b = {0};
        ae_instruction read = {0};
        wasm_byte(&b, 0xfc);
        wasm_u32(&b, second);
        wasm_repeat(&b, 0, 8);
        const bool is_later = is_in(second, later_seconds, 2);
        CHECK_STATUS(read_one(wasm_bytes_of(&b), &read, &err),
            is_later ? AETHER_FORBIDDEN_FEATURE : AETHER_MALFORMED_MODULE);
        wasm_free(&b);
    }
}

static void refusals_name_the_proposal(void) {
    aether_error err;
    ae_instruction read = {0};
    CHECK_STATUS(read_one(WASM_CODE_BYTES(0xfd, 0x0c), &read, &err), AETHER_FORBIDDEN_FEATURE);
    CHECK_TEXT(err.message, "forbidden_opcode: offset 0x0: opcode 0xfd belongs to SIMD");
    CHECK_STATUS(read_one(WASM_CODE_BYTES(0xfc, 0x0f), &read, &err), AETHER_FORBIDDEN_FEATURE);
    CHECK_TEXT(
        err.message, "forbidden_opcode: offset 0x0: opcode 0xfc 0x0f belongs to reference types");
    CHECK_STATUS(read_one(WASM_CODE_BYTES(0xff), &read, &err), AETHER_MALFORMED_MODULE);
    CHECK_TEXT(err.message, "illegal_opcode: offset 0x0: opcode 0xff does not exist");
}

static void second_opcode_may_be_padded(void) {
    aether_error err;
    ae_instruction read = {0};
    CHECK_OK(read_one(WASM_CODE_BYTES(0xfc, 0x8b, 0x80, 0x00, 0x00), &read, &err));
    CHECK_U64(read.opcode, AE_OP_memory_fill);
    CHECK_U64(read.len, 5);
}

static void block_types_are_empty_or_a_number_type(void) {
    aether_error err;
    for (unsigned byte = 0; byte < 256; byte++) {
        ae_instruction read = {0};
        const bool is_plain = byte == 0x40 || (byte >= 0x7c && byte <= 0x7f);
        const bool is_later = byte < 0x40 || byte == 0x63 || byte == 0x64 || byte == 0x7b ||
                              (byte >= 0x68 && byte <= 0x75) || byte >= 0x80;
        const aether_status expected = is_plain   ? AETHER_OK
                                       : is_later ? AETHER_FORBIDDEN_FEATURE
                                                  : AETHER_MALFORMED_MODULE;
        CHECK_STATUS(read_one(WASM_CODE_BYTES(0x02, (uint8_t)byte, 0x00), &read, &err), expected);
        if (is_plain)
            CHECK_U64(read.block_type, byte);
    }
    ae_instruction read = {0};
    CHECK_STATUS(read_one(WASM_CODE_BYTES(0x02, 0xff, 0x7f), &read, &err), AETHER_MALFORMED_MODULE);
}

static void label_table_gives_a_reader_of_its_labels(void) {
    aether_error err;
    ae_instruction read = {0};
    const aether_bytes code = WASM_CODE_BYTES(0x0e, 2, 9, 0x88, 0x00, 7, 0x0b);
    CHECK_OK(read_one(code, &read, &err));
    static const uint32_t expected[] = {9, 8, 7};
    for (uint32_t i = 0; i <= read.index; i++) {
        uint32_t label = 0;
        CHECK_OK(ae_read_u32(&read.targets, "label", &label, &err));
        CHECK_U64(label, expected[i]);
    }
    CHECK_U64(read.targets.at, 6);
    CHECK_STATUS(read_one(WASM_CODE_BYTES(0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0), &read, &err),
        AETHER_MALFORMED_MODULE);
}

static void memory_index_is_one_zero_byte(void) {
    aether_error err;
    ae_instruction read = {0};
    CHECK_STATUS(read_one(WASM_CODE_BYTES(0x3f, 0x01), &read, &err), AETHER_MALFORMED_MODULE);
    CHECK_STATUS(read_one(WASM_CODE_BYTES(0x40, 0x80, 0x00), &read, &err), AETHER_MALFORMED_MODULE);
    CHECK_STATUS(read_one(WASM_CODE_BYTES(0xfc, 0x0a, 0, 1), &read, &err), AETHER_MALFORMED_MODULE);
    CHECK_STATUS(read_one(WASM_CODE_BYTES(0xfc, 0x0a, 1, 0), &read, &err), AETHER_MALFORMED_MODULE);
    CHECK_STATUS(read_one(WASM_CODE_BYTES(0xfc, 0x0b, 1), &read, &err), AETHER_MALFORMED_MODULE);
    CHECK_STATUS(read_one(WASM_CODE_BYTES(0xfc, 0x08, 0, 1), &read, &err), AETHER_MALFORMED_MODULE);
}

static void offsets_are_the_modules(void) {
    aether_error err;
    const aether_bytes code = WASM_CODE_BYTES(0x01, 0x41, 0xc0, 0x00, 0xff);
    ae_reader reader = ae_reader_over(code, 1, 5);
    reader.function = 12;
    ae_instruction read = {0};
    CHECK_OK(ae_instruction_read(&reader, &read, &err));
    CHECK_U64(read.offset, 1);
    CHECK_U64(read.len, 3);
    CHECK_U64(read.value, 64);
    CHECK_STATUS(ae_instruction_read(&reader, &read, &err), AETHER_MALFORMED_MODULE);
    CHECK_TEXT(err.message, "illegal_opcode: function 12, offset 0x4: opcode 0xff does not exist");
}

TEST_MAIN(TEST(every_row_is_read_back) TEST(every_row_is_refused_when_cut)
        TEST(every_other_byte_is_refused_by_its_kind)
            TEST(every_other_second_byte_is_refused_by_its_kind) TEST(refusals_name_the_proposal)
                TEST(second_opcode_may_be_padded) TEST(block_types_are_empty_or_a_number_type)
                    TEST(label_table_gives_a_reader_of_its_labels)
                        TEST(memory_index_is_one_zero_byte) TEST(offsets_are_the_modules))
