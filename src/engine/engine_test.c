/* Metered modules run: results, host calls, traps with places, memory, isolation between instances,
 * on every compiler. Method: modules in the shape that the instrumenter makes, written by hand as
 * text. */
#include "base/alloc.h"
#include "base/stack.h"
#include "engine/engine.h"

#include "harness/test.h"

#include <pthread.h>
#include <stdio.h>

typedef struct frame {
    uint64_t seen;
    bool stop;
    uint32_t grow_by;
    bool grew;
} frame;

static bool host_add(const void *data, ae_guest *guest, ae_slot *slots) {
    frame *self = guest->frame;
    self->seen += *(const uint64_t *)data + ae_slot_get_u32(&slots[0]);
    if (self->grow_by != 0)
        self->grew = ae_guest_grow(guest, self->grow_by);
    slots[0].bits = ae_slot_get_u32(&slots[0]) + ae_slot_get_u32(&slots[1]);
    slots[1].bits = slots[2].bits - 5;
    return !self->stop;
}

static const uint64_t thousand = 1000;
static const ae_engine_import imports[] = {
    {"env", "add", "iiI>iI", host_add, &thousand},
};

static ae_engine *create_engine(aether_compiler compiler) {
    aether_error err;
    ae_engine *engine = NULL;
    const ae_engine_settings settings = {
        .compiler = compiler, .instances_max = 8, .imports = imports, .import_count = 1};
    CHECK_OK(ae_engine_create(&settings, &engine, &err));
    return engine;
}

static ae_code *compile(ae_engine *engine, const char *text) {
    aether_error err;
    ae_code *code = NULL;
    uint8_t *bytes = NULL;
    size_t len = 0;
    CHECK_OK(ae_text_to_binary(ae_bytes_of(text), &bytes, &len, &err));
    CHECK_OK(ae_code_compile(engine, ae_bytes(bytes, len), &code, &err));
    ae_free(bytes);
    return code;
}

#define HEAD                                                                            \
    "(module (import \"env\" \"add\" (func $add (param i32 i32 i64) (result i32 i64)))" \
    "(memory (export \"memory\") 1 4) (table 2 2 funcref)"                              \
    "(global $end (export \"end\") (mut i64) (i64.const -1))"                           \
    "(type $t (func (param i64) (result i64)))"
#define EXECUTE "(func (export \"execute\") (param i64 i32) (result i32 i64)"

// Enter `execute` on a stack of its own.
typedef struct entering {
    ae_code *code;
    frame frame;
    ae_slot slots[2];
    ae_exit exit;
    aether_status status;
    aether_error err;
    uint8_t first_byte; // of guest memory, before
    size_t memory_len;  // afterwards
} entering;

static void enter_on_stack(void *argument) {
    entering *self = argument;
    ae_instance *instance = NULL;
    aether_error err;
    CHECK_OK(ae_instance_acquire(self->code, &self->frame, &instance, &err));
    ae_guest *guest = ae_instance_guest(instance);
    self->first_byte = guest->memory.len != 0 ? guest->memory.data[0] : 0;
    self->status =
        ae_instance_enter(instance, AE_CODE_EXECUTE, self->slots, 2, &self->exit, &self->err);
    self->memory_len = guest->memory.len;
    ae_instance_release(instance);
}

static entering enter(ae_code *code, frame start, uint64_t gas) {
    aether_error err;
    ae_stack stack;
    CHECK_OK(ae_stack_map(AE_NATIVE_STACK_LEN + (1 << 20), &stack, &err));
    entering self = {.code = code, .frame = start, .slots = {{gas, 0}, {100, 0}}};
    ae_stack_call(&stack, enter_on_stack, &self);
    ae_stack_unmap(&stack);
    return self;
}

static void returns_values_and_calls_the_host_on_every_compiler(void) {
    for (int compiler = 0; compiler <= AETHER_COMPILER_PULLEY; compiler++) {
        ae_engine *engine = create_engine((aether_compiler)compiler);
        ae_code *code = compile(
            engine, HEAD EXECUTE "(call $add (i32.const 40) (i32.const 2) (local.get 0))))");
        const entering end = enter(code, (frame){0}, 100);
        CHECK_U64(end.status, AETHER_OK);
        CHECK_U64(end.exit.kind, AE_EXIT_RETURNED);
        CHECK_U64(ae_slot_get_u32(&end.slots[0]), 42);
        CHECK_U64(end.slots[1].bits, 95);
        CHECK_U64(end.frame.seen, 1040);
        ae_code_destroy(code);
        ae_engine_destroy(engine);
    }
}

typedef struct trap_case {
    const char *body;
    aether_end kind;
} trap_case;

static const trap_case trap_cases[] = {
    {"(unreachable)", AETHER_END_UNREACHABLE},
    {"(drop (i32.load (i32.const 65533)))", AETHER_END_OUT_OF_BOUNDS_MEMORY},
    {"(memory.fill (i32.const 65530) (i32.const 0) (i32.const 7))",
        AETHER_END_OUT_OF_BOUNDS_MEMORY},
    {"(drop (i32.div_u (i32.const 1) (i32.const 0)))", AETHER_END_INTEGER_DIVIDE_BY_ZERO},
    {"(drop (i64.rem_s (i64.const 1) (i64.const 0)))", AETHER_END_INTEGER_DIVIDE_BY_ZERO},
    {"(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", AETHER_END_INTEGER_OVERFLOW},
    {"(drop (i32.trunc_f32_s (f32.const 1e10)))", AETHER_END_INTEGER_OVERFLOW},
    {"(drop (i32.trunc_f64_u (f64.const nan)))", AETHER_END_BAD_CONVERSION},
    {"(drop (call_indirect (type $t) (i64.const 1) (i32.const 0)))", AETHER_END_INDIRECT_CALL},
    {"(drop (call_indirect (type $t) (i64.const 1) (i32.const 2)))",
        AETHER_END_OUT_OF_BOUNDS_TABLE},
};

static void every_trap_has_its_kind_and_place_on_every_compiler(void) {
    for (int compiler = 0; compiler <= AETHER_COMPILER_PULLEY; compiler++) {
        ae_engine *engine = create_engine((aether_compiler)compiler);
        for (size_t i = 0; i < sizeof trap_cases / sizeof trap_cases[0]; i++) {
            char text[2048];
            snprintf(text, sizeof text,
                HEAD "(func $inner %s) " EXECUTE "(call $inner) (i32.const 0) (local.get 0)))",
                trap_cases[i].body);
            ae_code *code = compile(engine, text);
            const entering end = enter(code, (frame){0}, 100);
            CHECK_U64(end.status, AETHER_OK);
            CHECK_U64(end.exit.kind, AE_EXIT_TRAPPED);
            CHECK_U64(end.exit.trap, trap_cases[i].kind);
            CHECK_I64(end.exit.end_global, -1);
            CHECK_U64(end.exit.frame_count, 2);
            CHECK_U64(end.exit.frames[0].function, 1);
            CHECK_U64(end.exit.frames[1].function, 2);
            CHECK(end.exit.frames[0].offset != 0);
            CHECK(end.exit.frames[1].offset > end.exit.frames[0].offset);
            ae_code_destroy(code);
        }
        ae_engine_destroy(engine);
    }
}

static void a_host_function_stops_the_instance(void) {
    ae_engine *engine = create_engine(AETHER_COMPILER_CRANELIFT);
    ae_code *code =
        compile(engine, HEAD EXECUTE "(global.set $end (i64.const 77))"
                                     "(call $add (i32.const 1) (i32.const 2) (local.get 0))))");
    const entering end = enter(code, (frame){.stop = true}, 100);
    CHECK_U64(end.status, AETHER_OK);
    CHECK_U64(end.exit.kind, AE_EXIT_STOPPED);
    CHECK_I64(end.exit.end_global, 77);
    CHECK_U64(end.exit.frame_count, 1);
    CHECK_U64(end.exit.frames[0].function, 1);
    ae_code_destroy(code);
    ae_engine_destroy(engine);
}

static void nothing_is_left_of_an_instance_for_the_next(void) {
    ae_engine *engine = create_engine(AETHER_COMPILER_CRANELIFT);
    ae_code *code = compile(engine, HEAD
        "(global $g (mut i32) (i32.const 5))" EXECUTE
        "(i32.store8 (i32.const 0) (i32.const 255)) (i32.store8 (i32.const 65535) (i32.const 9))"
        "(global.set $g (i32.add (global.get $g) (i32.const 1)))"
        "(global.get $g) (local.get 0)))");
    for (int i = 0; i < 50; i++) {
        const entering end = enter(code, (frame){0}, 100);
        CHECK_U64(end.status, AETHER_OK);
        CHECK_U64(end.first_byte, 0);
        CHECK_U64(ae_slot_get_u32(&end.slots[0]), 6);
    }
    ae_code_destroy(code);
    ae_engine_destroy(engine);
}

static void guest_memory_grows_up_to_its_maximum(void) {
    ae_engine *engine = create_engine(AETHER_COMPILER_CRANELIFT);
    ae_code *code = compile(engine,
        HEAD EXECUTE "(call $add (i32.const 1) (i32.const 2) (local.get 0))"
                     "(local.set 0) (drop) (i32.store8 (i32.const 262143) (i32.const 1))"
                     "(memory.size) (local.get 0)))");
    entering end = enter(code, (frame){.grow_by = 3}, 100);
    CHECK_U64(end.status, AETHER_OK);
    CHECK(end.frame.grew);
    CHECK_U64(end.memory_len, 4 * 65536);
    CHECK_U64(ae_slot_get_u32(&end.slots[0]), 4);
    end = enter(code, (frame){.grow_by = 4}, 100);
    CHECK(!end.frame.grew);
    CHECK_U64(end.exit.trap, AETHER_END_OUT_OF_BOUNDS_MEMORY);
    CHECK_U64(end.memory_len, 65536);
    ae_code_destroy(code);
    ae_engine_destroy(engine);
}

static void the_native_stacks_end_is_a_fault(void) {
    ae_engine *engine = create_engine(AETHER_COMPILER_CRANELIFT);
    ae_code *code = compile(engine, HEAD
        "(func $f (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))" EXECUTE
        "(call $f (i32.const 1)) (local.get 0)))");
    const entering end = enter(code, (frame){0}, 100);
    CHECK_U64(end.status, AETHER_ENGINE_FAILED);
    ae_code_destroy(code);
    ae_engine_destroy(engine);
}

static void refuses_what_is_no_metered_module(void) {
    aether_error err;
    ae_engine *engine = create_engine(AETHER_COMPILER_CRANELIFT);
    ae_code *code = NULL;
    CHECK_STATUS(ae_code_compile(engine, ae_bytes("\0asm", 4), &code, &err), AETHER_ENGINE_FAILED);
    uint8_t *bytes = NULL;
    size_t len = 0;
    CHECK_OK(ae_text_to_binary(
        ae_bytes_of("(module (import \"env\" \"unknown\" (func)))"), &bytes, &len, &err));
    CHECK_STATUS(ae_code_compile(engine, ae_bytes(bytes, len), &code, &err), AETHER_ENGINE_FAILED);
    ae_free(bytes);
    ae_engine_destroy(engine);
    ae_engine_destroy(NULL);
}

static void text_errors_are_one_line_with_a_place(void) {
    aether_error err;
    uint8_t *bytes = NULL;
    size_t len = 0;
    CHECK_STATUS(
        ae_text_to_binary(ae_bytes_of("(module\n  (func (i32.konst 1)))"), &bytes, &len, &err),
        AETHER_MALFORMED_TEXT);
    CHECK(strchr(err.message, '\n') == NULL);
    CHECK(strstr(err.message, "2:") != NULL);
    CHECK_STATUS(
        ae_text_to_binary(ae_bytes("(\xff", 2), &bytes, &len, &err), AETHER_MALFORMED_TEXT);
    CHECK(strchr(err.message, '\n') == NULL);
}

static void survives_failing_allocations(void) {
    aether_error err;
    uint8_t *bytes = NULL;
    size_t len = 0;
    ae_code *code = NULL;
    ae_engine *engine = NULL;
    const ae_engine_settings settings = {.instances_max = 2, .imports = imports, .import_count = 1};
    ae_alloc_fail_after(0);
    CHECK_STATUS(ae_engine_create(&settings, &engine, &err), AETHER_OUT_OF_MEMORY);
    CHECK_STATUS(
        ae_text_to_binary(ae_bytes_of("(module)"), &bytes, &len, &err), AETHER_OUT_OF_MEMORY);
    ae_alloc_fail_after(UINT64_MAX);
    engine = create_engine(AETHER_COMPILER_CRANELIFT);
    CHECK_OK(ae_text_to_binary(ae_bytes_of("(module)"), &bytes, &len, &err));
    ae_alloc_fail_after(0);
    CHECK_STATUS(ae_code_compile(engine, ae_bytes(bytes, len), &code, &err), AETHER_OUT_OF_MEMORY);
    ae_alloc_fail_after(UINT64_MAX);
    CHECK_OK(ae_code_compile(engine, ae_bytes(bytes, len), &code, &err));
    ae_alloc_fail_after(0);
    ae_instance *instance = NULL;
    CHECK_STATUS(ae_instance_acquire(code, NULL, &instance, &err), AETHER_OUT_OF_MEMORY);
    ae_alloc_fail_after(UINT64_MAX);
    CHECK_OK(ae_instance_acquire(code, NULL, &instance, &err));
    CHECK_U64(ae_instance_guest(instance)->memory.len, 0);
    ae_instance_release(instance);
    ae_instance_release(NULL);
    ae_code_destroy(code);
    ae_code_destroy(NULL);
    ae_free(bytes);
    ae_engine_destroy(engine);
}

static void *enter_many_times(void *argument) {
    ae_code *code = argument;
    for (int i = 0; i < 200; i++) {
        const entering end = enter(code, (frame){.stop = i % 3 == 0}, 100);
        CHECK_U64(end.status, AETHER_OK);
        CHECK_U64(end.exit.kind, i % 3 == 0 ? AE_EXIT_STOPPED : AE_EXIT_RETURNED);
    }
    return NULL;
}

static void threads_share_a_code(void) {
    ae_engine *engine = create_engine(AETHER_COMPILER_CRANELIFT);
    ae_code *code =
        compile(engine, HEAD EXECUTE "(call $add (i32.const 1) (i32.const 2) (local.get 0))))");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, enter_many_times, code) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    ae_code_destroy(code);
    ae_engine_destroy(engine);
}

TEST_MAIN(TEST(returns_values_and_calls_the_host_on_every_compiler) TEST(
    every_trap_has_its_kind_and_place_on_every_compiler) TEST(a_host_function_stops_the_instance)
        TEST(nothing_is_left_of_an_instance_for_the_next) TEST(guest_memory_grows_up_to_its_maximum)
            TEST(the_native_stacks_end_is_a_fault) TEST(refuses_what_is_no_metered_module)
                TEST(text_errors_are_one_line_with_a_place) TEST(survives_failing_allocations)
                    TEST(threads_share_a_code))
