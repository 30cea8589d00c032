/* The table is consistent with itself and with the price table, a frame begins clean, and charging is exact.
 * Method: every row is parsed a second way; a host is filled with garbage before it is initialised. */
#include "host/host.h"

#include "host/functions.h"
#include "host/test_frame.h"

static void every_signature_parses_and_is_counted(void) {
    for (size_t i = 0; i < AE_HOST_PRICE_COUNT; i++) {
        const ae_host_row *row = &ae_host_rows[i];
        const char *arrow = strchr(row->signature, '>');
        CHECK(arrow != NULL);
        const size_t params = (size_t)(arrow - row->signature);
        CHECK_U64(strspn(row->signature, "iI"), params);
        CHECK_U64(strspn(arrow + 1, "iI"), strlen(arrow + 1));
        CHECK(strlen(arrow + 1) <= 1);
        CHECK_U64(row->param_count, params);
        CHECK_U64(row->result_count, strlen(arrow + 1));
        CHECK(params <= ARGS_MAX);
    }
}

static size_t c_param_count(const char *c_params) {
    if (strcmp(c_params, "void") == 0)
        return 0;
    size_t count = 1;
    for (const char *at = c_params; *at != '\0'; at++)
        count += *at == ',';
    return count;
}

static void c_prototypes_agree_with_signatures(void) {
    for (size_t i = 0; i < AE_HOST_PRICE_COUNT; i++) {
        const ae_host_row *row = &ae_host_rows[i];
        CHECK_U64(c_param_count(row->c_params), row->param_count);
        const char *result = strchr(row->signature, '>') + 1;
        if (result[0] == '\0')
            CHECK(
                strcmp(row->c_result, "void") == 0 || strcmp(row->c_result, "_Noreturn void") == 0);
        else
            CHECK_TEXT(row->c_result, result[0] == 'i' ? "int32_t" : "uint64_t");
        CHECK(row->takes_pointer == (strchr(row->c_params, '*') != NULL));
        CHECK(row->summary[0] != '\0');
    }
}

static void names_are_unique_and_in_the_order_of_the_prices(void) {
    static const char *const prices[] = {
#define AE_HOST_PRICE(name, base, in_rate, out_rate, rule) #name,
#include "gas/host_prices.def"
#undef AE_HOST_PRICE
    };
    CHECK_U64(sizeof prices / sizeof prices[0], AE_HOST_PRICE_COUNT);
    for (size_t i = 0; i < AE_HOST_PRICE_COUNT; i++) {
        CHECK_TEXT(ae_host_rows[i].name, prices[i]);
        CHECK(ae_host_rows[i].price == (ae_host_price_id)i);
        CHECK(ae_host_rows[i].function != NULL);
        CHECK(strlen(ae_host_rows[i].name) <= AE_NAME_LEN_MAX);
        for (size_t j = 0; j < i; j++) {
            CHECK(strcmp(ae_host_rows[i].name, ae_host_rows[j].name) != 0);
            CHECK(ae_host_rows[i].function != ae_host_rows[j].function);
        }
    }
}

static void import_rules_are_the_rows(void) {
    const ae_import_rules rules = ae_host_import_rules();
    CHECK_U64(rules.count, AE_HOST_PRICE_COUNT);
    CHECK(!rules.ignores_entries);
    for (size_t i = 0; i < rules.count; i++) {
        CHECK_TEXT(rules.rules[i].module, "env");
        CHECK_TEXT(rules.rules[i].name, ae_host_rows[i].name);
        CHECK_TEXT(rules.rules[i].signature, ae_host_rows[i].signature);
        CHECK(rules.rules[i].takes_pointer == ae_host_rows[i].takes_pointer);
    }
}

static void a_frame_begins_clean_whatever_its_memory_held(void) {
    static frame f;
    frame_open(&f, 1);
    ae_host host;
    memset(&host, 0xa5, sizeof host);
    ae_host_init(&host, &f.schedule, &f.context, f.journal, &f.arena, 77);
    CHECK(host.schedule == &f.schedule && host.context == &f.context);
    CHECK(host.journal == f.journal && host.arena == &f.arena);
    CHECK(host.end == AETHER_END_RETURNED && host.fault == AETHER_OK);
    CHECK_TEXT(host.message, "");
    CHECK_TEXT(host.fault_error.message, "");
    CHECK_U64(host.memory.len, 0);
    CHECK_U64(host.meter.left, 77);
    CHECK_U64(host.meter.limit, 77);
    CHECK_U64(host.meter.reserve, 0);
    CHECK_U64(host.return_data.len, 0);
    CHECK_U64(host.return_buffer.len, 0);
    CHECK(host.debug_text == NULL);
    CHECK_U64(host.debug_len, 0);
    frame_close(&f);
}

static void charges_saturate_instead_of_wrapping(void) {
    static frame f;
    frame_open(&f, UINT64_MAX - 1);
    f.schedule.host[0] =
        (ae_host_price){.base = 1, .in_rate = UINT64_MAX / 2, .out_rate = 1ull << 63};
    CHECK(!ae_host_charge_in(&f.host, 0, 3));
    CHECK(f.host.end == AETHER_END_OUT_OF_GAS);
    CHECK_U64(f.host.meter.left, 0);
    ae_host_init(&f.host, &f.schedule, &f.context, f.journal, &f.arena, UINT64_MAX - 1);
    CHECK(!ae_host_charge_out(&f.host, 0, 2));
    CHECK(f.host.end == AETHER_END_OUT_OF_GAS);
    ae_host_init(&f.host, &f.schedule, &f.context, f.journal, &f.arena, UINT64_MAX);
    CHECK(ae_host_charge_in(&f.host, 0, 2)); // 1 + 2 * (2^63 - 1) = 2^64 - 1
    CHECK_U64(f.host.meter.left, 0);
    CHECK(f.host.end == AETHER_END_RETURNED);
    frame_close(&f);
}

static void a_refusal_names_function_argument_and_bound(void) {
    static frame f;
    frame_open(&f, 1);
    CHECK(ae_host_refuse(&f.host, (ae_argument){AE_HOST_PRICE_sha256, "out"}, "%u bytes", 7u) ==
          AE_HOST_STOP);
    CHECK_TEXT(f.host.message, "sha256: out: 7 bytes");
    CHECK(f.host.end == AETHER_END_HOST);
    ae_host_refuse(&f.host, (ae_argument){AE_HOST_PRICE_emit, NULL}, "no");
    CHECK_TEXT(f.host.message, "emit: no");
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ae_host_refuse(&f.host, (ae_argument){AE_HOST_PRICE_emit, NULL}, "%s", name);
    CHECK_U64(strlen(f.host.message), sizeof f.host.message - 1);
    frame_close(&f);
}

// Only what needs no argument to be right: zeros are refused by the rest, which is free as well.
static void the_unit_schedule_is_free_and_v1_is_not(void) {
    const ae_schedule *unit = ae_schedule_get(AETHER_SCHEDULE_UNIT);
    const ae_schedule *v1 = ae_schedule_get(AETHER_SCHEDULE_V1);
    CHECK(unit != NULL && v1 != NULL);
    for (uint32_t i = 0; i < AE_HOST_PRICE_COUNT; i++) {
        static frame f;
        frame_open(&f, 0);
        f.schedule = *unit;
        frame_call(&f, (ae_host_price_id)i, (const uint32_t[ARGS_MAX]){0});
        CHECK(f.host.end != AETHER_END_OUT_OF_GAS);
        frame_close(&f);
        frame_open(&f, v1->host[i].base - 1);
        f.schedule = *v1;
        frame_call(&f, (ae_host_price_id)i, (const uint32_t[ARGS_MAX]){0});
        CHECK(f.host.end == AETHER_END_OUT_OF_GAS);
        frame_close(&f);
    }
    CHECK_U64(unit->storage_next_step, 0);
}

TEST_MAIN(TEST(every_signature_parses_and_is_counted) TEST(c_prototypes_agree_with_signatures)
        TEST(names_are_unique_and_in_the_order_of_the_prices) TEST(import_rules_are_the_rows)
            TEST(a_frame_begins_clean_whatever_its_memory_held)
                TEST(charges_saturate_instead_of_wrapping)
                    TEST(a_refusal_names_function_argument_and_bound)
                        TEST(the_unit_schedule_is_free_and_v1_is_not))
