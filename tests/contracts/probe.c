/* A contract that does what its input's first byte says, well behaved or not. For the tests alone.
 */
#include <aether.h>

enum act {
    ACT_NOTHING = 0,
    ACT_WRITE = 1,
    ACT_REMOVE = 2,
    ACT_EMIT = 3,
    ACT_READ = 4,
    ACT_LOG = 5,
    ACT_RETURN_CODE = 6,
    ACT_REVERT = 7,
    ACT_PANIC = 8,
    ACT_TRAP = 9,
    ACT_OUT_OF_BOUNDS = 10,
    ACT_DIVIDE_BY_ZERO = 11,
    ACT_SPIN = 12,
    ACT_RECURSE = 13,
    ACT_CONTEXT = 14,
};

static void write(const char *text) {
    aether_key key;
    aether_key_init(&key, 'k');
    aether_storage_write(&key, text, aether_text_len(text));
}

static void remove(void) {
    aether_key key;
    aether_key_init(&key, 'k');
    (void)aether_storage_remove(&key);
}

static void emit(void) {
    aether_event event;
    aether_event_init(&event, "Probe");
    aether_event_emit(&event, "data", 4);
}

static int32_t read(void) {
    uint8_t value[64];
    const int32_t len = aether_host_storage_read("k", 1, value, sizeof value);
    return aether_return(value, len < 0 ? 0 : (uint32_t)len);
}

/* Not a tail call, so that every level has a frame. */
static __attribute__((noinline)) uint32_t recurse(volatile uint32_t *depth) {
    *depth += 1;
    return *depth == 0 ? 0 : recurse(depth) + *depth;
}

static int32_t return_context(void) {
    struct {
        aether_address caller, self;
        uint8_t value[16];
        uint64_t block_number, timestamp;
        uint8_t chain_id[16];
    } context;
    __builtin_memset(&context, 0, sizeof context);
    context.caller = aether_caller();
    context.self = aether_self();
    aether_store_u128(context.value, aether_value());
    context.block_number = aether_host_block_number();
    context.timestamp = aether_host_timestamp();
    (void)aether_host_chain_id(context.chain_id, sizeof context.chain_id);
    return aether_return(&context, sizeof context);
}

/* What fails, after an effect that must not last. */
static int32_t fail(enum act act) {
    volatile uint32_t zero = 0;
    write("lost");
    emit();
    aether_host_return_data("kept", 4);
    switch (act) {
    case ACT_RETURN_CODE:
        return 7;
    case ACT_REVERT:
        aether_revert("as asked");
    case ACT_PANIC:
        AETHER_PANIC("as asked");
    case ACT_OUT_OF_BOUNDS:
        return *(volatile int32_t *)0xfffffff0;
    case ACT_DIVIDE_BY_ZERO:
        return (int32_t)(100u / zero);
    case ACT_SPIN:
        while (zero == 0) {
        }
        return 0;
    case ACT_RECURSE:
        return (int32_t)recurse(&zero);
    default:
        __builtin_trap();
    }
}

static int32_t perform(void) {
    uint8_t buffer[1];
    aether_reader input = aether_input(buffer, sizeof buffer);
    const enum act act = aether_read_u8(&input);
    switch (act) {
    case ACT_NOTHING:
        return 0;
    case ACT_WRITE:
        write("written");
        return 0;
    case ACT_REMOVE:
        remove();
        return 0;
    case ACT_EMIT:
        emit();
        return 0;
    case ACT_READ:
        return read();
    case ACT_LOG:
        aether_log("a note for people");
        return 0;
    case ACT_CONTEXT:
        return return_context();
    default:
        return fail(act);
    }
}

AETHER_EXPORT(execute) {
    return perform();
}

AETHER_EXPORT(query) {
    return perform();
}
