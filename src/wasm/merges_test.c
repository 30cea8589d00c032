/* The work of merging that a function asks for is what its definition says.
 * Method: small bodies whose work is counted by hand; nesting as deep as it may be with as many locals as there may
 * be, by a formula. */
#include "wasm/module.h"

#include "harness/test.h"
#include "harness/wasm_builder.h"

#include <stdlib.h>

static const ae_import_rules allowed = {.rules = NULL};

/* The work of a module with one more function, of type (i32) -> (), with `count` locals and this code. */
static uint64_t work_of(uint32_t count, aether_bytes code) {
    aether_error err;
    ae_module module;
    wasm_builder b = {0};
    wasm_header(&b);
    wasm_types(&b, 2, (const char *[]){">i", "i>"});
    wasm_functions(&b, 2, (const uint32_t[]){0, 1});
    wasm_memory(&b, 1, -1);
    wasm_export_functions(&b, 1, (const char *[]){"execute"}, (const uint32_t[]){0});
    wasm_open_section(&b, WASM_CODE);
    wasm_u32(&b, 2);
    wasm_body(&b, WASM_CODE_BYTES(0x41, 0x00, 0x0b));
    wasm_body_with_locals(&b, count, 0x7f, code);
    wasm_close(&b);
    CHECK_OK(ae_module_decode(wasm_bytes_of(&b), allowed, &module, &err));
    const uint64_t work = module.merge_work;
    ae_module_deinit(&module);
    wasm_free(&b);
    return work;
}

#define BLOCK 0x02, 0x40
#define LOOP 0x03, 0x40
#define IF 0x20, 0x00, 0x04, 0x40
#define ELSE 0x05
#define END 0x0b
#define SET(local) 0x41, 0x01, 0x21, local
#define TEE(local) 0x41, 0x01, 0x22, local, 0x1a
#define GET(local) 0x20, local, 0x1a
#define WORK(count, ...) work_of(count, WASM_CODE_BYTES(__VA_ARGS__))

static void locals_that_are_set_inside_count_once(void) {
    CHECK_U64(WORK(2, SET(1), SET(2), 0x01, END), 0);
    CHECK_U64(WORK(2, BLOCK, GET(1), GET(2), END, END), 0);
    CHECK_U64(WORK(2, BLOCK, SET(1), END, END), 1);
    CHECK_U64(WORK(2, LOOP, SET(1), SET(1), TEE(2), TEE(0), END, END), 9);
    CHECK_U64(WORK(2, BLOCK, SET(1), END, BLOCK, SET(1), SET(2), END, END), 1 + 4);
}

static void outer_blocks_count_with_all_inside(void) {
    // The inner one merges 1, the outer one 2 beside it: 1 * 1 + 2 * (2 + 1).
    CHECK_U64(WORK(2, BLOCK, SET(2), LOOP, SET(1), END, END, END), 7);
    // Three with the same local: 1 * 1 + 1 * 2 + 1 * 3.
    CHECK_U64(WORK(1, LOOP, BLOCK, IF, SET(1), END, END, END, END), 6);
    // Neighbours inside of one: 1 + 1 + 2 * (2 + 1 + 1).
    CHECK_U64(WORK(2, BLOCK, LOOP, SET(1), END, LOOP, SET(2), END, END, END), 10);
}

static void both_arms_of_an_if_are_one_merge(void) {
    CHECK_U64(WORK(2, IF, SET(1), ELSE, SET(2), END, END), 4);
    CHECK_U64(WORK(2, IF, SET(1), ELSE, SET(1), END, END), 1);
    CHECK_U64(WORK(2, IF, BLOCK, SET(1), END, ELSE, END, END), 1 + 2);
}

static void each_function_starts_anew(void) {
    const uint64_t one = WORK(2, BLOCK, SET(1), SET(2), END, END);
    CHECK_U64(one, 4);
    CHECK_U64(WORK(2, SET(1), BLOCK, SET(2), END, END), 1); // what came before is no part
}

static void the_most_that_there_can_be_is_counted(void) {
    const uint32_t depth = AE_NESTING_MAX, locals = AE_FUNCTION_LOCALS_MAX;
    wasm_builder code = {0};
    for (uint32_t i = 0; i < depth; i++)
        WASM(&code, LOOP);
    for (uint32_t i = 0; i <= locals; i++) {
        WASM(&code, 0x41, 0x01, 0x21);
        wasm_u32(&code, i);
    }
    for (uint32_t i = 0; i <= depth; i++)
        WASM(&code, END);
    const uint64_t set = locals + 1; // the parameter too
    CHECK_U64(work_of(locals, wasm_bytes_of(&code)), set * set * depth * (depth + 1) / 2);
    wasm_free(&code);
}

TEST_MAIN(TEST(locals_that_are_set_inside_count_once) TEST(outer_blocks_count_with_all_inside)
        TEST(both_arms_of_an_if_are_one_merge) TEST(each_function_starts_anew)
            TEST(the_most_that_there_can_be_is_counted))
