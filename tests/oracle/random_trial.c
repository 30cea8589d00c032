#include "oracle/random_trial.h"

#include "harness/test.h"
#include "oracle/generator.h"

#include <stdio.h>

#define AMPLE_GAS 3000000
#define LIMITED_RUNS 7

// Keys that programs are likely to ask for: zeros, and what their data segment begins with.
static aether_memory_store *filled_store(void) {
    static const uint8_t zeros[4] = {0};
    static const char text[] = "some bytes that were there before";
    aether_error err;
    aether_memory_store *store = NULL;
    uint8_t keys[6][AETHER_STORE_KEY_LEN_MAX];
    aether_change changes[6];
    const aether_execution_context context = trial_context(0);
    for (size_t i = 0; i < 6; i++) {
        const void *key = i < 3 ? (const void *)zeros : (const void *)text;
        const size_t len = aether_storage_key_encode(
            &context.contract_address, (aether_bytes){.data = key, .len = i % 3 + 1}, keys[i]);
        changes[i] = (aether_change){.key = {.data = keys[i], .len = len},
            .value = {.data = (const uint8_t *)text, .len = 6 * i}};
    }
    CHECK_OK(aether_memory_store_create(&store, &err));
    CHECK_OK(aether_memory_store_apply(store, changes, 6, &err));
    return store;
}

static void count(random_tally *tally, const oracle_result *run) {
    tally->runs++;
    tally->instructions += run->instruction_count;
    tally->outcomes[run->seen.outcome]++;
    tally->ends[run->seen.end]++;
    tally->effects += run->seen.change_count + run->seen.log_count;
}

// Every limit from nothing to one more than was spent may be chosen, its end the most often.
static uint64_t choose_limit(uint64_t *state, uint64_t spent) {
    switch (test_random(state) % 4) {
    case 0:
        return spent;
    case 1:
        return spent - (spent != 0);
    default:
        return test_random(state) % (spent + 2);
    }
}

static bool run_all(trial *of, uint64_t *state, bool has_all_entries, const aether_store *store,
    random_tally *tally) {
    static const uint8_t input[40] = "what a program may read as its input";
    aether_execution_context context = trial_context(AMPLE_GAS);
    if (has_all_entries && test_random(state) % 2 == 0)
        context.entry = (aether_entry)(test_random(state) % 4);
    if (context.entry == AETHER_ENTRY_QUERY)
        context.value = (aether_u128){0};
    const aether_bytes told = {.data = input, .len = test_random(state) % sizeof input};
    if (!trial_run(of, &context, told, store))
        return false;
    count(tally, &of->expected);
    const uint64_t spent = of->expected.gas_spent;
    for (int i = 0; i < LIMITED_RUNS; i++) {
        context.gas_limit = choose_limit(state, spent);
        if (!trial_run(of, &context, told, store))
            return false;
        count(tally, &of->expected);
    }
    return true;
}

bool random_trial(const trial_engines *engines, uint64_t seed, uint32_t thrift, random_tally *tally,
    wasm_builder *module, char difference[512]) {
    uint64_t state = seed ^ 0x5bd1e995;
    wasm_free(module);
    const bool is_contract = thrift != 0 || test_random(&state) % 10 != 0;
    if (is_contract)
        generate_contract(seed, thrift, module);
    else
        generate_module(seed, module);
    aether_memory_store *store = filled_store();
    const aether_store view = aether_memory_store_interface(store);
    trial of = trial_open(engines, wasm_bytes_of(module));
    const bool is_alike = run_all(&of, &state, is_contract, &view, tally);
    if (!is_alike)
        memcpy(difference, of.difference, sizeof of.difference);
    tally->programs++;
    trial_close(&of);
    aether_memory_store_destroy(store);
    return is_alike;
}

void random_tally_print(const random_tally *tally) {
    printf("%llu programs, %llu runs, %llu instructions, %llu effects; %llu succeeded, "
           "%llu reverted, %llu failed\n",
        (unsigned long long)tally->programs, (unsigned long long)tally->runs,
        (unsigned long long)tally->instructions, (unsigned long long)tally->effects,
        (unsigned long long)tally->outcomes[AETHER_OUTCOME_SUCCESS],
        (unsigned long long)tally->outcomes[AETHER_OUTCOME_REVERTED],
        (unsigned long long)tally->outcomes[AETHER_OUTCOME_FAILED]);
    for (int i = 0; i < RANDOM_END_COUNT; i++)
        printf("%s%s %llu", i == 0 ? "  " : ", ", aether_end_text((aether_end)i),
            (unsigned long long)tally->ends[i]);
    printf("\n");
}
