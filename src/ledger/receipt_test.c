/* A receipt has one encoding; what is read is what was written, and nothing else is read.
 * Method: golden bytes of an encoder in Python; random receipts there and back; every truncation and every flipped bit;
 * each rule on both sides; each allocation failing. */
#include "ledger/transaction.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "ledger/test_vector.h"

// The events of the golden case that has any, as tests/vectors/transaction.py has them.
static void make_golden_events(aether_log *logs, aether_hash *topics) {
    static const uint8_t data[300] = {0};
    const char code[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    aether_address to;
    for (uint8_t i = 0; i < 32; i++)
        to.bytes[i] = i;
    memset(topics, 0, 4 * sizeof *topics);
    topics[0].bytes[31] = 7;
    memcpy(topics[1].bytes, to.bytes, 32);
    aether_code_hash(ae_bytes(code, sizeof code), &topics[2]);
    memset(logs, 0, 3 * sizeof *logs);
    logs[0].address = to;
    logs[1] = (aether_log){.topics = topics, .topic_count = 1, .data = ae_bytes_of("data")};
    logs[2] = (aether_log){
        .address = to, .topics = topics, .topic_count = 4, .data = ae_bytes(data, 300)};
}

static void check_log(const aether_log *actual, const aether_log *expected) {
    CHECK_BYTES(ae_bytes(actual->address.bytes, 32), ae_bytes(expected->address.bytes, 32));
    CHECK_U64(actual->topic_count, expected->topic_count);
    CHECK_BYTES(ae_bytes(actual->topics, 32 * actual->topic_count),
        ae_bytes(expected->topics, 32 * expected->topic_count));
    CHECK_BYTES(actual->data, expected->data);
}

static void check_receipt(const aether_receipt *actual, const aether_receipt *expected) {
    CHECK_U64(actual->outcome, expected->outcome);
    CHECK_I64(actual->code, expected->code);
    CHECK_U64(actual->reason, expected->reason);
    CHECK_U64(actual->gas_used, expected->gas_used);
    CHECK_BYTES(actual->return_data, expected->return_data);
    CHECK_U64(actual->log_count, expected->log_count);
    for (size_t i = 0; i < actual->log_count; i++)
        check_log(&actual->logs[i], &expected->logs[i]);
    // What is no part of the encoding.
    CHECK_TEXT(actual->message, "");
    CHECK_TEXT(actual->debug_text, "");
    CHECK(actual->trap == NULL);
    CHECK(actual->changes == NULL);
    CHECK_U64(actual->gas_limit, 0);
}

// Write, check the bytes if they are known, read again.
static void check_round_trip(const aether_receipt *receipt, const aether_bytes *expected) {
    aether_error err;
    aether_buffer bytes = {0};
    aether_receipt decoded;
    CHECK_OK(aether_receipt_encode(receipt, &bytes, &err));
    if (expected != NULL)
        CHECK_BYTES(ae_bytes(bytes.data, bytes.len), *expected);
    CHECK_OK(aether_receipt_decode(ae_bytes(bytes.data, bytes.len), &decoded, &err));
    aether_buffer_destroy(&bytes); // nothing points into it
    check_receipt(&decoded, receipt);
    aether_receipt_destroy(&decoded);
}

static void golden_receipts_are_written_and_read_as_told(void) {
    static uint8_t golden[2048], data[1024];
    aether_log logs[3];
    aether_hash topics[4];
    size_t count = 0;
    make_golden_events(logs, topics);
    for (vector at = {0}; vector_next(&at);) {
        if (!vector_is(&at, "kind", "receipt"))
            continue;
        uint8_t expected[32];
        aether_hash hash;
        const aether_receipt receipt = {
            .outcome = (aether_receipt_outcome)vector_number(&at, "outcome"),
            .code = (int32_t)vector_number(&at, "code"),
            .gas_used = vector_number(&at, "gas_used"),
            .reason = (aether_invalid)vector_number(&at, "reason"),
            .return_data = vector_bytes(&at, "return_data", data, sizeof data),
            .logs = logs,
            .log_count = vector_number(&at, "events")};
        const aether_bytes bytes = vector_bytes(&at, "bytes", golden, sizeof golden);
        check_round_trip(&receipt, &bytes);
        aether_receipt_hash(bytes, &hash);
        CHECK_BYTES(ae_bytes(hash.bytes, 32), vector_bytes(&at, "hash", expected, sizeof expected));
        count++;
    }
    CHECK_U64(count, 17);
}

static void random_receipts_come_back_as_they_went(void) {
    static aether_log logs[40];
    static aether_hash topics[64];
    static uint8_t data[500];
    uint64_t random = test_seed();
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)test_random(&random);
    for (size_t i = 0; i < 64; i++)
        memcpy(topics[i].bytes, data + test_random(&random) % 400, 32);
    for (int round = 0; round < 1000; round++) {
        aether_receipt receipt = {.outcome = (aether_receipt_outcome)(round % 3),
            .gas_used = test_random(&random) >> test_random(&random) % 64};
        if (receipt.outcome == AETHER_RECEIPT_REVERTED)
            receipt.code = (int32_t)test_random(&random) >> test_random(&random) % 31;
        if (receipt.outcome != AETHER_RECEIPT_FAILED)
            receipt.return_data = ae_bytes(data, test_random(&random) % 300);
        if (receipt.outcome == AETHER_RECEIPT_SUCCESS)
            receipt.log_count = test_random(&random) % 40;
        receipt.logs = logs;
        for (size_t i = 0; i < receipt.log_count; i++) {
            logs[i] = (aether_log){.topics = topics + test_random(&random) % 60,
                .topic_count = test_random(&random) % 5,
                .data = ae_bytes(data, test_random(&random) % 200)};
            memcpy(logs[i].address.bytes, data + test_random(&random) % 400, 32);
        }
        check_round_trip(&receipt, NULL);
    }
}

static void the_greatest_receipt_is_written_and_read(void) {
    static aether_log logs[AE_EVENTS_MAX + 1];
    static aether_hash topics[AE_EVENT_TOPICS_MAX + 1];
    static uint8_t data[AE_EVENT_DATA_LEN_MAX];
    aether_error err;
    aether_buffer bytes = {0};
    aether_receipt receipt = {.logs = logs, .log_count = AE_EVENTS_MAX};
    check_round_trip(&receipt, NULL); // the least that events may be
    receipt.return_data = ae_bytes(data, AE_RETURN_DATA_LEN_MAX);
    for (size_t i = 0; i < AE_EVENTS_MAX; i++)
        logs[i] = (aether_log){
            .topics = topics, .topic_count = AE_EVENT_TOPICS_MAX, .data = ae_bytes(data, 256)};
    check_round_trip(&receipt, NULL);
    receipt.log_count = 1;
    logs[0].data.len = AE_EVENT_DATA_LEN_MAX;
    check_round_trip(&receipt, NULL);
    logs[0].topic_count++;
    CHECK_STATUS(aether_receipt_encode(&receipt, &bytes, &err), AETHER_INVALID_ARGUMENT);
    logs[0].topic_count--;
    receipt.log_count = AE_EVENTS_MAX + 1;
    CHECK_STATUS(aether_receipt_encode(&receipt, &bytes, &err), AETHER_INVALID_ARGUMENT);
    receipt.log_count = 0;
    receipt.return_data.len++;
    CHECK_STATUS(aether_receipt_encode(&receipt, &bytes, &err), AETHER_INVALID_ARGUMENT);
    CHECK(bytes.data == NULL);
}

// Read, and if that works: it encodes to the same bytes. Whether it was accepted.
static bool reads_back(aether_bytes bytes) {
    aether_error err;
    aether_receipt receipt;
    aether_buffer again = {0};
    const aether_status status = aether_receipt_decode(bytes, &receipt, &err);
    if (status != AETHER_OK) {
        CHECK_U64(status, AETHER_MALFORMED_TRANSACTION);
        return false;
    }
    CHECK_OK(aether_receipt_encode(&receipt, &again, &err));
    CHECK_BYTES(ae_bytes(again.data, again.len), bytes);
    aether_buffer_destroy(&again);
    aether_receipt_destroy(&receipt);
    return true;
}

static void changed_and_truncated_bytes_are_refused_or_read_as_they_are(void) {
    static uint8_t golden[2048];
    size_t accepted = 0, refused = 0;
    for (vector at = {0}; vector_next(&at);) {
        if (!vector_is(&at, "kind", "receipt"))
            continue;
        const aether_bytes bytes = vector_bytes(&at, "bytes", golden, sizeof golden);
        for (size_t cut = 0; cut < bytes.len; cut++) {
            uint8_t *exact = malloc(cut + 1); // for the sanitizer: nothing behind
            memcpy(exact, golden, cut);
            (void)reads_back(ae_bytes(exact, cut));
            free(exact);
        }
        for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
            golden[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (reads_back(bytes))
                accepted++;
            else
                refused++;
            golden[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    CHECK(accepted > 1000);
    CHECK(refused > 500);
}

// Refused, and the message has the words.
static void check_refused(wire *bytes, const char *words) {
    aether_error err;
    aether_receipt receipt = {.gas_used = 99};
    CHECK_STATUS(
        aether_receipt_decode(wire_view(bytes), &receipt, &err), AETHER_MALFORMED_TRANSACTION);
    CHECK_U64(receipt.gas_used, 99);
    if (strstr(err.message, words) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", err.message, words);
    bytes->len = 0;
}

static void outcome_and_values_belong_together(void) {
    wire out = wire_new();
    wire_number(&out, 1, 4);
    check_refused(&out, "outcome: got 4");
    wire_number(&out, 1, 0xffffffff);
    check_refused(&out, "outcome: ");
    for (uint64_t outcome = 0; outcome < 4; outcome++) {
        if (outcome != AETHER_RECEIPT_REVERTED) {
            if (outcome != 0)
                wire_number(&out, 1, outcome);
            wire_number(&out, 2, 2);
            check_refused(&out, "code: got 1");
        }
        if (outcome != AETHER_RECEIPT_SUCCESS) {
            wire_number(&out, 1, outcome);
            wire_tag(&out, 5, 2);
            wire_varint(&out, 34, 0);
            wire_fill(&out, 1, 1, 32);
            if (outcome == AETHER_RECEIPT_INVALID)
                wire_number(&out, 6, 1);
            check_refused(&out, "events: ");
        }
        if (outcome > AETHER_RECEIPT_REVERTED) {
            wire_number(&out, 1, outcome);
            wire_data(&out, 4, ae_bytes_of("data"));
            if (outcome == AETHER_RECEIPT_INVALID)
                wire_number(&out, 6, 1);
            check_refused(&out, "return data: ");
        }
        if (outcome != AETHER_RECEIPT_INVALID) {
            if (outcome != 0)
                wire_number(&out, 1, outcome);
            wire_number(&out, 6, 1);
            check_refused(&out, "reason: ");
        }
    }
    wire_number(&out, 1, 3);
    check_refused(&out, "reason: got 0");
    wire_number(&out, 1, 3);
    wire_number(&out, 6, 10);
    check_refused(&out, "reason: got 10");
    wire_number(&out, 1, 3);
    wire_number(&out, 3, 1);
    wire_number(&out, 6, 1);
    check_refused(&out, "gas used: ");
    wire_fill(&out, 4, 1, AE_RETURN_DATA_LEN_MAX + 1);
    check_refused(&out, "return data: 65537 bytes, at most 65536");
    wire_end(&out);
}

static void put_event(
    wire *out, size_t address_len, size_t topic_count, size_t topic_len, const char *behind) {
    wire event = wire_new();
    if (address_len != 0)
        wire_fill(&event, 1, 1, address_len);
    for (size_t i = 0; i < topic_count; i++)
        wire_fill(&event, 2, 2, topic_len);
    wire_raw(&event, behind, strlen(behind));
    wire_data(out, 5, wire_view(&event));
    wire_end(&event);
}

static void events_have_one_form(void) {
    wire out = wire_new();
    for (size_t len = 0; len < 64; len++) {
        if (len != 32) {
            put_event(&out, 32, 0, 0, "");
            put_event(&out, len, 0, 0, "");
            check_refused(&out, "event 1: an address of");
            put_event(&out, 32, 2, len, "");
            check_refused(&out, "event 0: a topic of");
        }
    }
    put_event(&out, 32, 5, 32, "");
    check_refused(&out, "event 0: 5 topics, at most 4");
    put_event(&out, 32, 1, 32, "\x1a\x01x\x12\x01y"); // a topic after the data
    check_refused(&out, "canonical");
    put_event(&out, 32, 1, 32, "\x20\x01");
    check_refused(&out, "unknown field");
    put_event(&out, 32, 1, 32, "\x1a\x80");
    check_refused(&out, "no message");
    wire_number(&out, 7, 1);
    check_refused(&out, "unknown field");
    put_event(&out, 32, 0, 0, "");
    wire_number(&out, 3, 1); // gas behind an event
    check_refused(&out, "canonical");
    wire_number(&out, 1, 1);
    wire_number(&out, 2, 1ull << 32); // a code of 33 bits
    check_refused(&out, "canonical");
    wire_number(&out, 3, 0);
    check_refused(&out, "canonical");
    for (size_t i = 0; i <= AE_EVENTS_MAX; i++)
        put_event(&out, 32, 0, 0, "");
    check_refused(&out, "events: got 1025, at most 1024");
    wire_end(&out);
}

// Each form makes protobuf-c keep as much as it can for each byte. What ends it is the bound, not the machine.
static void hostile_bytes_are_refused_within_a_bound(void) {
    static const struct {
        const char *bytes;
        size_t len;
    } forms[] = {{"\x2a\x00", 2}, {"\x08\x01", 2}, {"\x2a\x02\x12\x00", 4}, {"\x38\x01", 2},
        {"\x22\x00", 2}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        wire out = wire_new();
        for (size_t n = 0; n < (1u << 20) / forms[i].len; n++)
            wire_raw(&out, forms[i].bytes, forms[i].len);
        check_refused(&out, "no message");
        wire event = wire_new(); // topics of no bytes within one event
        for (size_t n = 0; n < 1u << 19; n++)
            wire_raw(&event, "\x12\x00", 2);
        wire_data(&out, 5, wire_view(&event));
        check_refused(&out, "no message");
        wire_end(&event);
        wire_end(&out);
    }
}

static void each_failing_allocation_is_a_status(void) {
    aether_error err;
    aether_log logs[3];
    aether_hash topics[4];
    aether_buffer bytes = {0};
    uint64_t n = 0;
    make_golden_events(logs, topics);
    const aether_receipt receipt = {.logs = logs, .log_count = 3};
    for (;; n++) {
        ae_alloc_fail_after(n);
        const aether_status status = aether_receipt_encode(&receipt, &bytes, &err);
        ae_alloc_fail_after(UINT64_MAX);
        if (status == AETHER_OK)
            break;
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK(bytes.data == NULL);
    }
    CHECK(n >= 2);
    for (n = 0;; n++) {
        aether_receipt decoded = {.gas_used = 99};
        ae_alloc_fail_after(n);
        const aether_status status =
            aether_receipt_decode(ae_bytes(bytes.data, bytes.len), &decoded, &err);
        ae_alloc_fail_after(UINT64_MAX);
        if (status == AETHER_OK) {
            check_receipt(&decoded, &receipt);
            aether_receipt_destroy(&decoded);
            break;
        }
        CHECK_U64(status, AETHER_OUT_OF_MEMORY);
        CHECK_U64(decoded.gas_used, 99);
    }
    CHECK(n >= 2);
    aether_buffer_destroy(&bytes);
}

static void destroying_nothing_is_fine(void) {
    aether_receipt receipt = {0};
    aether_error err;
    aether_buffer bytes;
    aether_receipt_destroy(NULL);
    aether_receipt_destroy(&receipt);
    aether_receipt_destroy(&receipt);
    CHECK_STATUS(aether_receipt_encode(NULL, &bytes, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_receipt_encode(&receipt, NULL, &err), AETHER_INVALID_ARGUMENT);
    receipt.log_count = 1;
    CHECK_STATUS(aether_receipt_encode(&receipt, &bytes, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_receipt_decode(ae_bytes(NULL, 1), &receipt, &err), AETHER_INVALID_ARGUMENT);
    CHECK_STATUS(aether_receipt_decode(ae_bytes("", 0), NULL, &err), AETHER_INVALID_ARGUMENT);
}

TEST_MAIN(TEST(golden_receipts_are_written_and_read_as_told)
        TEST(random_receipts_come_back_as_they_went) TEST(the_greatest_receipt_is_written_and_read)
            TEST(changed_and_truncated_bytes_are_refused_or_read_as_they_are)
                TEST(outcome_and_values_belong_together) TEST(events_have_one_form)
                    TEST(hostile_bytes_are_refused_within_a_bound)
                        TEST(each_failing_allocation_is_a_status) TEST(destroying_nothing_is_fine))
