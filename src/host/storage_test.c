/* Storage functions see the contract's own keys only, keep to the limits, pay for what they read, and leave no
 * trace where they are refused.
 * Method: a journal over a small view; limits at n and n + 1; overlap; static frames; failing stores and
 * arenas; the pointer matrix and the gas check. */
#include "host/test_frame.h"

#define KEY_AT 100
#define VALUE_AT 300

static aether_bytes store_key(const aether_address *contract, const char *key) {
    static ae_store_key keys[VIEW_MAX]; // the view borrows them
    static size_t next = 0;
    ae_store_key *slot = &keys[next++ % VIEW_MAX];
    ae_storage_key_init(slot, contract, ae_bytes_of(key));
    return ae_store_key_bytes(slot);
}

// The view: ka, kb, kc of this contract, ka of another one that sorts behind it.
static void put_view(frame *f) {
    static const aether_address other = {.bytes = {0x03}};
    f->view[0] = (aether_change){store_key(&f->context.self, "ka"), ae_bytes_of("value a"), false};
    f->view[1] = (aether_change){store_key(&f->context.self, "kb"), ae_bytes_of(""), false};
    f->view[2] = (aether_change){store_key(&f->context.self, "kc"), ae_bytes_of("value c"), false};
    f->view[3] = (aether_change){store_key(&other, "ka"), ae_bytes_of("not yours"), false};
    f->view_count = 4;
    frame_put_text(f, KEY_AT, "ka");
    frame_put_text(f, KEY_AT + 2, "kb");
    frame_put_text(f, KEY_AT + 4, "kc");
    frame_put_text(f, KEY_AT + 6, "zz");
    frame_put_text(f, VALUE_AT, "new value");
}

#define KA KEY_AT, 2
#define KB (KEY_AT + 2), 2
#define KC (KEY_AT + 4), 2
#define ZZ (KEY_AT + 6), 2
#define K KEY_AT, 1
#define NOTHING UINT32_MAX, 0

static void reads_follow_the_output_rule(void) {
    static frame f;
    frame_open(&f, 0);
    put_view(&f);
    frame_put_text(&f, 500, "..........");
    CHECK_RESULT(&f, 7, storage_read, KA, NOTHING);
    CHECK_RESULT(&f, 7, storage_read, KA, 500, 5);
    CHECK_BYTES(frame_bytes(&f, 500, 10), ae_bytes_of("value....."));
    CHECK_RESULT(&f, 7, storage_read, KA, 500, 10);
    CHECK_BYTES(frame_bytes(&f, 500, 10), ae_bytes_of("value a..."));
    CHECK_RESULT(&f, 0, storage_read, KB, 500, 10); // the empty value is a value
    CHECK_RESULT(&f, -1, storage_read, ZZ, 500, 10);
    CHECK_BYTES(frame_bytes(&f, 500, 10), ae_bytes_of("value a..."));
    frame_close(&f);
}

static void writes_and_removals_are_seen_and_only_in_the_own_storage(void) {
    static frame f;
    frame_open(&f, 0);
    put_view(&f);
    CHECK_GOES_ON(&f, storage_write, KA, VALUE_AT, 9);
    CHECK_GOES_ON(&f, storage_write, ZZ, NOTHING);
    frame_put_text(&f, VALUE_AT, "xxxxxxxxx"); // it was copied
    CHECK_RESULT(&f, 9, storage_read, KA, 500, 9);
    CHECK_BYTES(frame_bytes(&f, 500, 9), ae_bytes_of("new value"));
    CHECK_RESULT(&f, 0, storage_read, ZZ, NOTHING);
    CHECK_RESULT(&f, 1, storage_remove, ZZ);
    CHECK_RESULT(&f, 0, storage_remove, ZZ);
    CHECK_RESULT(&f, 1, storage_remove, KB);
    CHECK_RESULT(&f, -1, storage_read, KB, NOTHING);
    frame_mark_now(&f);
    CHECK_U64(f.mark.change_count, 2); // ka written, kb removed
    for (size_t i = 0; i < 2; i++) {
        CHECK_U64(f.mark.changes[i].key.data[0], AETHER_STORE_KIND_STORAGE);
        CHECK_BYTES(
            ae_bytes(f.mark.changes[i].key.data + 1, 32), ae_bytes(f.context.self.bytes, 32));
    }
    frame_close(&f);
}

static void keys_have_1_to_256_bytes(void) {
    static frame f;
    frame_open(&f, 0);
    CHECK_GOES_ON(&f, storage_write, 0, 1, 0, 0);
    CHECK_GOES_ON(&f, storage_write, 0, 256, 0, 0);
    CHECK_RESULT(&f, 0, storage_read, 0, 256, 0, 0);
    CHECK_REFUSED(&f, "storage_write: key: 0 bytes, at least 1", storage_write, 0, 0, 0, 0);
    CHECK_REFUSED(&f, "storage_write: key: 257 bytes, at most 256", storage_write, 0, 257, 0, 0);
    CHECK_REFUSED(&f, "storage_read: key: 0 bytes, at least 1", storage_read, 0, 0, 0, 0);
    CHECK_REFUSED(&f, "storage_read: key: 300 bytes, at most 256", storage_read, 0, 300, 0, 0);
    CHECK_REFUSED(&f, "storage_remove: key: 0 bytes, at least 1", storage_remove, 0, 0);
    CHECK_REFUSED(&f, "storage_remove: key: 257 bytes, at most 256", storage_remove, 0, 257);
    CHECK_RESULT(&f, 1, storage_remove, 0, 256);
    frame_close(&f);
}

static void values_have_at_most_64_kib(void) {
    static frame f;
    frame_open(&f, 0);
    put_view(&f);
    CHECK_GOES_ON(&f, storage_write, KA, 0, AE_VALUE_LEN_MAX);
    CHECK_REFUSED(&f, "storage_write: value: 65537 bytes, at most 65536", storage_write, KA, 0,
        AE_VALUE_LEN_MAX + 1);
    CHECK_RESULT(&f, AE_VALUE_LEN_MAX, storage_read, KA, 0, MEMORY_LEN);
    frame_close(&f);
}

static void next_walks_both_ways_within_the_prefix(void) {
    static frame f;
    frame_open(&f, 0);
    put_view(&f);
    frame_put_text(&f, 500, ".....");
    CHECK_RESULT(&f, 2, storage_next, NOTHING, NOTHING, 0, 500, 5);
    CHECK_BYTES(frame_bytes(&f, 500, 5), ae_bytes_of("ka..."));
    CHECK_RESULT(&f, 2, storage_next, K, KA, 0, 500, 5);
    CHECK_BYTES(frame_bytes(&f, 500, 2), ae_bytes_of("kb"));
    CHECK_RESULT(&f, -1, storage_next, K, KC, 0, 500, 5); // not the other contract's
    CHECK_RESULT(&f, 2, storage_next, NOTHING, NOTHING, 1, 500, 5);
    CHECK_BYTES(frame_bytes(&f, 500, 2), ae_bytes_of("kc"));
    CHECK_RESULT(&f, 2, storage_next, K, KC, 1, 500, 1); // one byte of two
    CHECK_BYTES(frame_bytes(&f, 500, 5), ae_bytes_of("kc..."));
    CHECK_RESULT(&f, 2, storage_next, K, KC, 1, NOTHING);
    CHECK_RESULT(&f, -1, storage_next, K, KA, 1, 500, 5);
    CHECK_RESULT(&f, 2, storage_next, KB, NOTHING, 0, 500, 5);
    CHECK_RESULT(&f, -1, storage_next, KB, KB, 0, 500, 5);
    CHECK_RESULT(&f, -1, storage_next, ZZ, NOTHING, 0, 500, 5);
    CHECK_GOES_ON(&f, storage_write, ZZ, NOTHING);
    CHECK_RESULT(&f, 2, storage_next, NOTHING, KC, 0, 500, 5); // sees its own changes
    CHECK_BYTES(frame_bytes(&f, 500, 5), ae_bytes_of("zz..."));
    frame_close(&f);
}

static void next_refuses_bad_flags_lengths_and_starts(void) {
    static frame f;
    frame_open(&f, 0);
    put_view(&f);
    CHECK_REFUSED(
        &f, "storage_next: flags: 2, only bit 0 is defined", storage_next, K, KA, 2, 500, 5);
    CHECK_REFUSED(&f, "storage_next: flags: 4294967295, only bit 0 is defined", storage_next, K, KA,
        UINT32_MAX, 500, 5);
    CHECK_REFUSED(
        &f, "storage_next: after: does not start with the prefix", storage_next, KA, KB, 0, 500, 5);
    CHECK_REFUSED(&f, "storage_next: after: does not start with the prefix", storage_next, KA, K, 0,
        500, 5); // shorter than it
    CHECK_REFUSED(
        &f, "storage_next: prefix: 257 bytes, at most 256", storage_next, 0, 257, NOTHING, 0, 0, 0);
    CHECK_REFUSED(
        &f, "storage_next: after: 257 bytes, at most 256", storage_next, NOTHING, 0, 257, 0, 0, 0);
    CHECK_RESULT(&f, -1, storage_next, 0, 256, 0, 256, 0, NOTHING);
    CHECK_REFUSED(&f, "storage_next: out: 65535 + 2 is past the end of memory, 65536", storage_next,
        ZZ, NOTHING, 0, 65535, 2); // also where nothing would be written
    frame_close(&f);
}

static void outputs_may_lie_over_inputs(void) {
    for (uint32_t out = KEY_AT - 1; out <= KEY_AT + 1; out++) {
        static frame f;
        frame_open(&f, 0);
        put_view(&f);
        CHECK_RESULT(&f, 7, storage_read, KA, out, 7);
        CHECK_BYTES(frame_bytes(&f, out, 7), ae_bytes_of("value a"));
        put_view(&f);
        CHECK_RESULT(&f, 2, storage_next, K, KA, 0, out, 2);
        CHECK_BYTES(frame_bytes(&f, out, 2), ae_bytes_of("kb"));
        frame_close(&f);
    }
}

static void a_static_frame_reads_but_does_not_write(void) {
    static frame f;
    frame_open(&f, UINT64_MAX);
    put_view(&f);
    frame_set_prices(&f);
    f.context.is_static = true;
    CHECK_RESULT(&f, 7, storage_read, KA, 500, 7);
    CHECK_RESULT(&f, 2, storage_next, NOTHING, NOTHING, 0, 500, 7);
    f.host.meter = ae_meter_of(UINT64_MAX);
    CHECK_REFUSED(&f, "storage_write: an effect in a static frame", storage_write, KA, VALUE_AT, 9);
    const ae_host_price *price = &f.schedule.host[AE_HOST_PRICE_storage_write];
    CHECK_U64(UINT64_MAX - f.host.meter.left, price->base + 11 * price->in_rate); // charged first
    CHECK_REFUSED(&f, "storage_remove: an effect in a static frame", storage_remove, KA);
    CHECK_REFUSED(&f, "storage_remove: an effect in a static frame", storage_remove, ZZ);
    frame_close(&f);
}

static void failing_stores_and_arenas_are_faults(void) {
    static frame f;
    frame_open(&f, 0);
    put_view(&f);
    f.view_fails = true;
    CHECK_FAULT(&f, AETHER_STORAGE_FAILED, storage_read, KA, 500, 7);
    CHECK_FAULT(&f, AETHER_STORAGE_FAILED, storage_remove, KA);
    CHECK_FAULT(&f, AETHER_STORAGE_FAILED, storage_next, K, NOTHING, 0, 500, 7);
    CHECK_GOES_ON(&f, storage_write, KA, VALUE_AT, 9); // blind
    frame_exhaust(&f);
    CHECK_FAULT(&f, AETHER_OUT_OF_MEMORY, storage_write, KC, VALUE_AT, 9);
    CHECK_FAULT(&f, AETHER_OUT_OF_MEMORY, storage_read, ZZ, NOTHING);
    CHECK_FAULT(&f, AETHER_OUT_OF_MEMORY, storage_remove, ZZ);
    f.view_fails = false;
    CHECK_FAULT(&f, AETHER_OUT_OF_MEMORY, storage_next, K, KB, 0, 500, 7);
    frame_close(&f);
}

static void every_pointer_is_checked(void) {
    static const pointer_case cases[] = {
        {AE_HOST_PRICE_storage_read, {0, 0, 0, 64}, .ptr = 0, .len = 1, .len_min = 1,
            .len_max = 256},
        {AE_HOST_PRICE_storage_read, {KA, 0, 0}, .ptr = 2, .len = 3, .prepare = put_view},
        {AE_HOST_PRICE_storage_read, {ZZ, 0, 0}, .ptr = 2, .len = 3, .prepare = put_view},
        {AE_HOST_PRICE_storage_write, {0, 0, 9, 9}, .ptr = 0, .len = 1, .len_min = 1,
            .len_max = 256},
        {AE_HOST_PRICE_storage_write, {KA, 0, 0}, .ptr = 2, .len = 3, .len_max = AE_VALUE_LEN_MAX},
        {AE_HOST_PRICE_storage_remove, {0, 0}, .ptr = 0, .len = 1, .len_min = 1, .len_max = 256},
        {AE_HOST_PRICE_storage_next, {0, 0, NOTHING, 0, 500, 9}, .ptr = 0, .len = 1,
            .len_max = 256},
        {AE_HOST_PRICE_storage_next, {NOTHING, 0, 0, 1, 500, 9}, .ptr = 2, .len = 3, .len_max = 256,
            .prepare = put_view},
        {AE_HOST_PRICE_storage_next, {K, KA, 0, 0, 0}, .ptr = 5, .len = 6, .prepare = put_view},
        {AE_HOST_PRICE_storage_next, {ZZ, ZZ, 0, 0, 0}, .ptr = 5, .len = 6, .prepare = put_view},
    };
    CHECK_POINTERS(cases);
}

// ka and kb are gone, so that the first key lies two steps on.
static void remove_two(frame *f) {
    aether_error err = {0};
    bool existed = false;
    put_view(f);
    for (size_t i = 0; i < 2; i++) {
        CHECK_OK(ae_journal_remove(f->journal, f->view[i].key, &existed, &err));
        CHECK(existed);
    }
}

static void gas_is_exact(void) {
    static const gas_case cases[] = {
        {AE_HOST_PRICE_storage_read, {KA, 500, 3}, .bytes_in = 2, .bytes_out = 7,
            .prepare = put_view},
        {AE_HOST_PRICE_storage_read, {KA, NOTHING}, .bytes_in = 2, .bytes_out = 7,
            .prepare = put_view},
        {AE_HOST_PRICE_storage_read, {KB, 500, 3}, .bytes_in = 2, .bytes_out = 0,
            .prepare = put_view},
        {AE_HOST_PRICE_storage_read, {ZZ, 500, 3}, .bytes_in = 2, .bytes_out = 0,
            .prepare = put_view},
        {AE_HOST_PRICE_storage_write, {KA, VALUE_AT, 9}, .bytes_in = 11, .prepare = put_view},
        {AE_HOST_PRICE_storage_write, {KA, NOTHING}, .bytes_in = 2, .prepare = put_view},
        {AE_HOST_PRICE_storage_remove, {KA}, .bytes_in = 2, .prepare = put_view},
        {AE_HOST_PRICE_storage_remove, {ZZ}, .bytes_in = 2, .prepare = put_view},
        {AE_HOST_PRICE_storage_next, {K, KA, 0, 500, 9}, .bytes_in = 3, .bytes_out = 2,
            .prepare = put_view},
        {AE_HOST_PRICE_storage_next, {K, KA, 0, 500, 1}, .bytes_in = 3, .bytes_out = 1,
            .prepare = put_view},
        {AE_HOST_PRICE_storage_next, {K, KC, 0, 500, 1}, .bytes_in = 3, .bytes_out = 0,
            .prepare = put_view},
    };
    CHECK_GAS(cases);
}

static void next_pays_for_each_removed_key_that_it_passes_over(void) {
    static const gas_case cases[] = {
        {AE_HOST_PRICE_storage_next, {NOTHING, NOTHING, 0, 500, 9}, .bytes_out = 2, .steps = 2,
            .prepare = remove_two},
        {AE_HOST_PRICE_storage_next, {K, KA, 0, 500, 9}, .bytes_in = 3, .bytes_out = 2, .steps = 1,
            .prepare = remove_two},
        {AE_HOST_PRICE_storage_next, {K, KC, 1, 500, 9}, .bytes_in = 3, .bytes_out = 0, .steps = 2,
            .prepare = remove_two},
        {AE_HOST_PRICE_storage_next, {NOTHING, NOTHING, 1, 500, 9}, .bytes_out = 2, .steps = 0,
            .prepare = remove_two},
    };
    CHECK_GAS(cases);
}

static void next_works_no_further_than_can_be_paid_for(void) {
    static frame f;
    for (uint64_t steps = 0; steps < 2; steps++) {
        frame_open(&f, 1000 + steps * 777 + 776);
        remove_two(&f);
        f.schedule.host[AE_HOST_PRICE_storage_next].base = 1000;
        f.schedule.storage_next_step = 777;
        CHECK(CALL(&f, storage_next, NOTHING, NOTHING, 0, 500, 2) == AE_HOST_STOP);
        CHECK(f.host.end == AETHER_END_OUT_OF_GAS);
        CHECK_U64(f.view_next_calls, steps + 1);
        frame_close(&f);
    }
}

static void free_steps_are_not_limited(void) {
    static frame f;
    frame_open(&f, 0);
    remove_two(&f);
    CHECK_RESULT(&f, 2, storage_next, NOTHING, NOTHING, 0, 500, 2);
    CHECK_BYTES(frame_bytes(&f, 500, 2), ae_bytes_of("kc"));
    frame_close(&f);
}

static void declared_lengths_are_charged_before_they_are_refused(void) {
    static frame f;
    const uint64_t limit = 1ull << 45;
    frame_open(&f, limit);
    frame_set_prices(&f);
    CHECK(CALL(&f, storage_write, 0, UINT32_MAX, 0, UINT32_MAX) == AE_HOST_STOP);
    CHECK(f.host.end == AETHER_END_HOST);
    const ae_host_price *price = &f.schedule.host[AE_HOST_PRICE_storage_write];
    CHECK_U64(limit - f.host.meter.left, price->base + price->in_rate * 2 * UINT32_MAX);
    frame_close(&f);
}

TEST_MAIN(TEST(reads_follow_the_output_rule) TEST(
    writes_and_removals_are_seen_and_only_in_the_own_storage) TEST(keys_have_1_to_256_bytes)
        TEST(values_have_at_most_64_kib) TEST(next_walks_both_ways_within_the_prefix)
            TEST(next_refuses_bad_flags_lengths_and_starts) TEST(outputs_may_lie_over_inputs)
                TEST(a_static_frame_reads_but_does_not_write)
                    TEST(failing_stores_and_arenas_are_faults) TEST(every_pointer_is_checked)
                        TEST(gas_is_exact) TEST(next_pays_for_each_removed_key_that_it_passes_over)
                            TEST(next_works_no_further_than_can_be_paid_for)
                                TEST(free_steps_are_not_limited)
                                    TEST(declared_lengths_are_charged_before_they_are_refused))
