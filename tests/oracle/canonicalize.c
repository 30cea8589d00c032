#include "oracle/canonicalize.h"

#include "harness/test.h"

static uint32_t read_u32(ae_reader *reader) {
    uint32_t value = 0;
    CHECK_U64(ae_read_u32(reader, "number", &value, NULL), AETHER_OK);
    return value;
}

static aether_bytes part(const ae_module *module, uint32_t start, uint32_t end) {
    return (aether_bytes){.data = module->bytes.data + start, .len = end - start};
}

static void flush(ae_emit *from, wasm_builder *out) {
    wasm_raw(out, (aether_bytes){.data = from->data, .len = from->len});
    from->len = 0;
    CHECK(ae_emit_reserve(from, 64));
}

// The declared locals, then those that canonical floats need.
static void locals(const ae_module *module, const ae_function *function, ae_canonical *c,
    ae_emit *inserted, wasm_builder *out) {
    ae_reader reader = ae_reader_over(module->bytes, function->body_offset, function->code_offset);
    const uint32_t group_count = read_u32(&reader);
    wasm_u32(out, group_count + ae_canonical_group_count(c));
    wasm_raw(out, part(module, reader.at, reader.end));
    ae_canonical_emit_locals(c, inserted);
    CHECK(inserted->len <= AE_CANONICAL_LOCALS_LEN_MAX);
    flush(inserted, out);
    ae_canonical_emit_entry(
        c, inserted, module->types[function->type].param_count + function->local_count);
    CHECK(inserted->len <= AE_CANONICAL_ENTRY_LEN_MAX);
    flush(inserted, out);
}

static uint32_t body(const ae_module *module, const ae_function *function, ae_canonical *c,
    canonical_form *form, ae_emit *inserted, wasm_builder *out) {
    ae_reader reader = ae_reader_over(module->bytes, function->code_offset, function->end_offset);
    uint32_t count = 0;
    while (!ae_reader_is_at_end(&reader)) {
        ae_instruction in;
        CHECK_U64(ae_instruction_read(&reader, &in, NULL), AETHER_OK);
        wasm_raw(out, part(module, in.offset, in.offset + in.len));
        const uint8_t type = ae_canonical_type(c, in.offset);
        if (type == 0)
            continue;
        form(c, inserted, type);
        CHECK(form != ae_canonical_emit || inserted->len <= AE_CANONICAL_LEN_MAX);
        flush(inserted, out);
        count++;
    }
    return count;
}

static uint32_t code(const ae_module *module, canonical_form *form, wasm_builder *out) {
    ae_canonical c = {0};
    uint32_t count = 0;
    ae_emit inserted;
    ae_emit_init(&inserted);
    CHECK(ae_emit_reserve(&inserted, 64));
    wasm_open_section(out, WASM_CODE);
    wasm_u32(out, module->function_count);
    for (uint32_t i = 0; i < module->function_count; i++) {
        const ae_function *function = &module->functions[i];
        CHECK(ae_canonical_begin(&c, module, function));
        wasm_open(out);
        locals(module, function, &c, &inserted, out);
        count += body(module, function, &c, form, &inserted, out);
        wasm_close(out);
    }
    wasm_close(out);
    ae_emit_deinit(&inserted);
    ae_canonical_deinit(&c);
    return count;
}

uint32_t canonicalize(const ae_module *module, canonical_form *form, wasm_builder *out) {
    ae_reader reader = ae_reader_over(module->bytes, 8, (uint32_t)module->bytes.len);
    uint32_t count = 0;
    wasm_raw(out, part(module, 0, 8));
    while (!ae_reader_is_at_end(&reader)) {
        const uint32_t start = reader.at;
        const uint8_t id = module->bytes.data[reader.at++];
        const uint32_t len = read_u32(&reader);
        CHECK(len <= reader.end - reader.at);
        reader.at += len;
        if (id == WASM_CODE)
            count = code(module, form, out);
        else
            wasm_raw(out, part(module, start, reader.at));
    }
    return count;
}
