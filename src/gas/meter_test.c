/* The meter is exact for every 64-bit limit, and what the bytecode holds of it never wraps.
 * Method: lend, spend and return at the ends of the ranges; charges of one more than is left. */
#include "gas/meter.h"

#include "harness/test.h"

static const uint64_t limits[] = {
    0, 1, 2, INT64_MAX - 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX - 1, UINT64_MAX};
#define LIMIT_COUNT (sizeof limits / sizeof limits[0])

static void lending_and_returning_changes_nothing(void) {
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        ae_meter meter = ae_meter_of(limits[i]);
        const int64_t counter = ae_meter_lend(&meter);
        CHECK(counter >= 0);
        CHECK_U64((uint64_t)counter + meter.reserve, limits[i]);
        CHECK(ae_meter_return(&meter, counter));
        CHECK_U64(meter.left, limits[i]);
        CHECK_U64(meter.limit, limits[i]);
    }
}

static void counter_is_given_all_that_it_can_hold(void) {
    ae_meter meter = ae_meter_of(UINT64_MAX);
    CHECK_I64(ae_meter_lend(&meter), AE_COUNTER_MAX);
    CHECK_U64(meter.reserve, UINT64_MAX - (uint64_t)AE_COUNTER_MAX);
    meter = ae_meter_of(AE_COUNTER_MAX);
    CHECK_I64(ae_meter_lend(&meter), AE_COUNTER_MAX);
    CHECK_U64(meter.reserve, 0);
    meter = ae_meter_of(1);
    CHECK_I64(ae_meter_lend(&meter), 1);
}

static void bytecode_spends_exactly(void) {
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        if (limits[i] == 0)
            continue;
        ae_meter meter = ae_meter_of(limits[i]);
        const int64_t counter = ae_meter_lend(&meter);
        CHECK(ae_meter_return(&meter, counter - 1));
        CHECK_U64(meter.left, limits[i] - 1);
    }
}

static void reserve_is_lent_again_after_the_counter_is_spent(void) {
    ae_meter meter = ae_meter_of(UINT64_MAX);
    for (uint64_t left = UINT64_MAX; left > AE_COUNTER_MAX; left -= AE_COUNTER_MAX) {
        CHECK_U64(meter.left, left);
        CHECK_I64(ae_meter_lend(&meter), AE_COUNTER_MAX);
        CHECK(ae_meter_return(&meter, 0));
    }
    CHECK_U64(meter.left, UINT64_MAX % AE_COUNTER_MAX);
    CHECK_I64(ae_meter_lend(&meter), UINT64_MAX % AE_COUNTER_MAX);
}

static void negative_counter_means_nothing_is_left(void) {
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        ae_meter meter = ae_meter_of(limits[i]);
        (void)ae_meter_lend(&meter);
        CHECK(!ae_meter_return(&meter, -1));
        CHECK_U64(meter.left, 0);
        meter = ae_meter_of(limits[i]);
        (void)ae_meter_lend(&meter);
        CHECK(!ae_meter_return(&meter, INT64_MIN));
        CHECK_U64(meter.left, 0);
    }
}

static void charge_takes_all_but_never_more(void) {
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        ae_meter meter = ae_meter_of(limits[i]);
        CHECK(ae_meter_charge(&meter, 0));
        CHECK_U64(meter.left, limits[i]);
        CHECK(ae_meter_charge(&meter, limits[i]));
        CHECK_U64(meter.left, 0);
        CHECK(ae_meter_charge(&meter, 0));
        CHECK(!ae_meter_charge(&meter, 1));
        CHECK_U64(meter.left, 0);
    }
}

static void charge_of_one_too_much_leaves_nothing(void) {
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        if (limits[i] == UINT64_MAX)
            continue;
        ae_meter meter = ae_meter_of(limits[i]);
        CHECK(!ae_meter_charge(&meter, limits[i] + 1));
        CHECK_U64(meter.left, 0);
        meter = ae_meter_of(limits[i]);
        CHECK(!ae_meter_charge(&meter, UINT64_MAX));
        CHECK_U64(meter.left, 0);
    }
}

// clang-format off
TEST_MAIN(
    TEST(lending_and_returning_changes_nothing)
    TEST(counter_is_given_all_that_it_can_hold)
    TEST(bytecode_spends_exactly)
    TEST(reserve_is_lent_again_after_the_counter_is_spent)
    TEST(negative_counter_means_nothing_is_left)
    TEST(charge_takes_all_but_never_more)
    TEST(charge_of_one_too_much_leaves_nothing))
