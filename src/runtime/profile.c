#include "runtime/profile.h"

#include "base/alloc.h"
#include "base/assert.h"

#define FRAME_BYTES_MIN 64 // of the metered stack, for each function that is entered (METERING 7)
#define FRAMES_MAX (AE_STACK_BYTES_MAX / FRAME_BYTES_MIN + 4) // … and host functions
#define NODES_MIN 1024
#define ROOT 0
#define OTHER 1

static uint32_t more_function(const ae_profile *p, uint32_t which) {
    return p->function_count - AE_PROFILE_MORE_COUNT + which;
}

aether_status ae_profile_create(
    const ae_program *program, uint64_t gas_limit, ae_profile **out_profile, aether_error *err) {
    const ae_module *module = &program->module;
    ae_profile *p = ae_alloc(1, sizeof *p);
    if (p == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "profile");
    p->program = program;
    p->probes = &program->probes;
    p->gas_limit = gas_limit;
    p->left = gas_limit;
    p->function_count = module->import_count + module->function_count + AE_PROFILE_MORE_COUNT;
    p->functions = ae_alloc(p->function_count, sizeof *p->functions);
    p->counts = ae_alloc(p->probes->probe_count, sizeof *p->counts);
    p->extras = ae_alloc(p->probes->step_count, sizeof *p->extras);
    p->nodes = ae_alloc(NODES_MIN, sizeof *p->nodes);
    p->buckets = ae_alloc((size_t)4 * NODES_MIN, sizeof *p->buckets);
    p->frames = ae_alloc(FRAMES_MAX, sizeof *p->frames);
    if (p->functions == NULL || p->counts == NULL || p->extras == NULL || p->nodes == NULL ||
        p->buckets == NULL || p->frames == NULL) {
        ae_profile_destroy(p);
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "profile");
    }
    p->node_capacity = NODES_MIN;
    p->bucket_count = 4 * NODES_MIN;
    p->nodes[ROOT] = (ae_profile_node){.function = AETHER_PROFILE_NONE};
    p->nodes[OTHER] = (ae_profile_node){.function = more_function(p, AE_PROFILE_OTHER)};
    p->node_count = 2;
    *out_profile = p;
    return AETHER_OK;
}

void ae_profile_destroy(ae_profile *profile) {
    if (profile == NULL)
        return;
    ae_free(profile->functions);
    ae_free(profile->counts);
    ae_free(profile->extras);
    ae_free(profile->nodes);
    ae_free(profile->buckets);
    ae_free(profile->frames);
    ae_free(profile);
}

// Where the node of this path is or belongs.
static uint32_t *find_bucket(const ae_profile *p, uint32_t parent, uint32_t function) {
    const uint64_t key = ((uint64_t)parent << 32 | function) * 0x9e3779b97f4a7c15u;
    uint32_t at = (uint32_t)(key >> 32) & (p->bucket_count - 1);
    while (p->buckets[at] != 0) {
        const ae_profile_node *node = &p->nodes[p->buckets[at]];
        if (node->parent == parent && node->function == function)
            break;
        at = (at + 1) & (p->bucket_count - 1);
    }
    return &p->buckets[at];
}

// Twice the room for nodes, four buckets for each. False when memory is exhausted.
static bool grow(ae_profile *p) {
    const uint32_t capacity = 2 * p->node_capacity;
    ae_profile_node *nodes = ae_realloc(p->nodes, capacity, sizeof *nodes);
    if (nodes == NULL)
        return false;
    p->nodes = nodes;
    uint32_t *buckets = ae_alloc((size_t)4 * capacity, sizeof *buckets);
    if (buckets == NULL)
        return false;
    ae_free(p->buckets);
    p->buckets = buckets;
    p->bucket_count = 4 * capacity;
    p->node_capacity = capacity;
    for (uint32_t i = OTHER + 1; i < p->node_count; i++)
        *find_bucket(p, p->nodes[i].parent, p->nodes[i].function) = i;
    return true;
}

// The path of `parent` and one function more; OTHER where there is no room for it. What a failure burned always
// has some.
static uint32_t find_node(ae_profile *p, uint32_t parent, uint32_t function) {
    const bool is_last = function == more_function(p, AE_PROFILE_BURNED);
    if (parent == OTHER && !is_last)
        return OTHER;
    uint32_t *bucket = find_bucket(p, parent, function);
    if (*bucket != 0)
        return *bucket;
    if (p->node_count >= AE_PROFILE_PATHS_MAX && !is_last)
        return OTHER;
    if (p->node_count == p->node_capacity) {
        if (!grow(p)) {
            p->is_exhausted = true;
            return OTHER;
        }
        bucket = find_bucket(p, parent, function);
    }
    *bucket = p->node_count;
    p->nodes[p->node_count] = (ae_profile_node){.parent = parent, .function = function};
    return p->node_count++;
}

static void push(ae_profile *p, uint32_t function) {
    AE_ASSERT(p->depth < FRAMES_MAX);
    const uint32_t parent = p->depth != 0 ? p->frames[p->depth - 1].node : ROOT;
    const uint32_t node = find_node(p, parent, function);
    ae_profile_function *entered = &p->functions[function];
    if (entered->open++ == 0)
        entered->left = p->left;
    entered->calls++;
    p->nodes[node].calls++;
    p->frames[p->depth++] = (ae_profile_frame){.node = node, .function = function};
}

static void pop(ae_profile *p) {
    AE_ASSERT(p->depth != 0);
    ae_profile_function *left = &p->functions[p->frames[--p->depth].function];
    if (--left->open == 0)
        left->total += left->left - p->left;
}

static bool is_host(const ae_profile *p, uint32_t function) {
    return function < p->program->module.import_count ||
           function == more_function(p, AE_PROFILE_GROW);
}

// Gas of the function that runs.
static void charge(ae_profile *p, uint64_t gas) {
    AE_ASSERT(p->depth != 0 && gas <= p->left);
    const ae_profile_frame *top = &p->frames[p->depth - 1];
    p->nodes[top->node].gas += gas;
    p->functions[top->function].gas += gas;
    if (is_host(p, top->function))
        p->extras[p->step].host += gas;
    p->left -= gas;
}

// The first `count` steps were executed, but only the first `gas` of what they cost was there.
static void spend(ae_profile *p, const ae_probe *probe, uint32_t count, uint64_t gas) {
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t step = probe->first_step + i;
        const bool takes_rest = i + 1 == probe->step_count; // by its operands
        const uint64_t price = p->probes->steps[step].gas;
        const uint64_t paid = price < gas && !takes_rest ? price : gas;
        p->extras[step].executions++;
        p->extras[step].gas += paid;
        gas -= paid;
    }
}

static void count_steps(ae_profile *p, uint32_t number, uint64_t paid, uint64_t owed) {
    const ae_probe *probe = &p->probes->probes[number];
    if (probe->step_count == 0)
        return;
    p->step = probe->first_step + probe->step_count - 1;
    if (paid != owed) {
        spend(p, probe, probe->step_count, paid);
        return;
    }
    p->counts[number].executions++;
    p->counts[number].operands += paid - probe->gas;
}

void ae_profile_probe(ae_profile *p, uint32_t number, uint64_t left, uint64_t debt) {
    AE_ASSERT(number < p->probes->probe_count && left <= p->left && debt >= p->debt);
    const ae_probe *probe = &p->probes->probes[number];
    const uint64_t paid = p->left - left;
    const uint64_t owed = paid + (debt - p->debt);
    p->debt = debt;
    if (probe->kind == AE_PROBE_ENTER)
        push(p, probe->function);
    charge(p, paid);
    if (probe->kind == AE_PROBE_LEAVE) {
        pop(p);
        return;
    }
    count_steps(p, number, paid, owed);
    if (probe->kind == AE_PROBE_CALL)
        push(p, probe->callee == AE_PROBE_GROW ? more_function(p, AE_PROFILE_GROW) : probe->callee);
}

// The probe whose steps contain the one at an uploaded offset, and which of them; NULL: none.
static const ae_probe *find_probe(const ae_probes *probes, uint32_t offset, uint32_t *out_place) {
    for (uint32_t i = 0; i < probes->probe_count; i++) {
        const ae_probe *probe = &probes->probes[i];
        for (uint32_t k = 0; k < probe->step_count; k++) {
            if (probes->steps[probe->first_step + k].offset != offset)
                continue;
            *out_place = k;
            return probe;
        }
    }
    return NULL;
}

// A fault of the machine code in the middle of a segment, which is paid at its end. Its last step was told before it
// ran; all others that can trap were not.
static void charge_faulted(ae_profile *p, const ae_exit *left) {
    if (left->kind != AE_EXIT_TRAPPED || left->trap == AETHER_END_UNREACHABLE ||
        left->frame_count == 0)
        return;
    const uint32_t offset =
        ae_offset_map_find(&p->program->instrumented.map, left->frames[0].offset);
    uint32_t place = 0;
    const ae_probe *probe = find_probe(p->probes, offset, &place);
    if (probe == NULL || place + 1 == probe->step_count)
        return;
    uint64_t gas = 0;
    for (uint32_t i = 0; i <= place; i++)
        gas += p->probes->steps[probe->first_step + i].gas;
    gas = gas < p->left ? gas : p->left;
    spend(p, probe, place + 1, gas);
    charge(p, gas);
}

// What is left goes to a frame of its own, below the one that failed.
static void burn(ae_profile *p) {
    if (p->left == 0)
        return;
    push(p, more_function(p, AE_PROFILE_BURNED));
    p->burned = p->left;
    charge(p, p->left);
}

void ae_profile_end(ae_profile *p, const ae_ending *ending) {
    if (ending->outcome == AETHER_OUTCOME_FAILED) {
        charge_faulted(p, &ending->exit);
        burn(p);
    } else if (p->left != ending->gas_left) {
        charge(p, p->left - ending->gas_left); // the host function that ended it
    }
    while (p->depth != 0)
        pop(p);
}
