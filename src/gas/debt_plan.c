#include "gas/debt_plan.h"

#include "gas/dead_code.h"

#include "base/alloc.h"

// An open block, loop or if, or the function.
typedef struct open_block {
    uint32_t label;
    ae_opcode opcode;
    int64_t debt;     // of an `if`: where its branch leaves
    uint32_t covered; // the same
} open_block;

// A local whose value is known: the last thing that was stored there is a constant.
typedef struct known_local {
    uint32_t stretch; // valid in this stretch of code only
    uint32_t value;
} known_local;

struct ae_planner {
    const ae_module *module;
    const ae_schedule *schedule;
    ae_loop_reader *loop_reader;
    ae_debt_plan plan;

    // The body under work.
    open_block open[AE_NESTING_MAX + 1];
    uint32_t open_count;
    ae_dead_code dead;
    int64_t debt;
    uint32_t loop_depth; // loops around the instruction
    uint32_t covered;    // of these, outermost first, those checked on every path to here
    int64_t straight;    // gas of everything that is not paid by rounds
    bool calls;
    bool has_table_targets; // labels may be marked
    bool has_table_debt;    // labels of br_tables owe the same, all over the body
    int64_t table_debt;
    uint32_t stretch; // of code that is entered at its start only
    bool has_constant;
    uint32_t constant;
    known_local known[AE_LOCALS_MAX];
};

ae_planner *ae_planner_create(const ae_module *module, const ae_schedule *schedule) {
    ae_planner *p = ae_alloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->module = module;
    p->schedule = schedule;
    p->loop_reader = ae_loop_reader_create();
    if (p->loop_reader != NULL)
        return p;
    ae_planner_destroy(p);
    return NULL;
}

void ae_planner_destroy(ae_planner *planner) {
    if (planner == NULL)
        return;
    ae_loop_reader_destroy(planner->loop_reader);
    ae_free(planner->plan.steps);
    ae_free(planner);
}

bool ae_label_checks_rounds(const ae_label *label) {
    return label->unchecked_branches > 1;
}

bool ae_label_hides_payment(const ae_label *label) {
    return label->branches == 1 && label->unchecked_branches == 1 && !label->is_counted &&
           label->back_debt != label->debt;
}

bool ae_debt_plan_has_step(ae_opcode opcode) {
    switch (opcode) {
    case AE_OP_loop:
    case AE_OP_else:
    case AE_OP_end:
    case AE_OP_br:
    case AE_OP_br_if:
    case AE_OP_br_table:
    case AE_OP_return:
    case AE_OP_unreachable:
    case AE_OP_call:
    case AE_OP_call_indirect:
    case AE_OP_memory_grow:
    case AE_OP_memory_init:
    case AE_OP_memory_copy:
    case AE_OP_memory_fill:
        return true;
    default:
        return false;
    }
}

static ae_instruction read_instruction(ae_reader *reader) {
    ae_instruction in;
    const aether_status status = ae_instruction_read(reader, &in, NULL);
    AE_ASSERT(status == AETHER_OK); // the module was accepted
    return in;
}

static bool reserve_step(ae_debt_plan *plan) {
    if (plan->step_count < plan->step_capacity)
        return true;
    const uint32_t capacity = plan->step_capacity == 0 ? 1024 : 2 * plan->step_capacity;
    ae_debt_step *steps = ae_realloc(plan->steps, capacity, sizeof *steps);
    if (steps == NULL)
        return false;
    plan->steps = steps;
    plan->step_capacity = capacity;
    return true;
}

static void add_step(ae_planner *p, uint32_t label, uint32_t actions) {
    AE_ASSERT(p->plan.step_count < p->plan.step_capacity);
    p->plan.steps[p->plan.step_count++] =
        (ae_debt_step){.debt = p->debt, .label = label, .actions = actions};
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static void mark_checked(ae_planner *p) {
    p->covered = p->loop_depth;
}

// Another path may arrive here with other values in the locals.
static void begin_stretch(ae_planner *p) {
    p->stretch++;
}

static void die(ae_planner *p) {
    ae_dead_code_begin(&p->dead);
}

static void open_label(ae_planner *p, const ae_instruction *in) {
    const uint32_t number = p->plan.label_count++;
    ae_label *label = &p->plan.labels[number];
    // All but the mark, which was made before.
    *label = (ae_label){.is_table_target = label->is_table_target,
        .is_loop = in->opcode == AE_OP_loop,
        .takes_value = in->opcode != AE_OP_loop && in->block_type != AE_BLOCK_EMPTY};
    p->loop_depth += label->is_loop;
    label->loop_depth = p->loop_depth;
    label->covered = p->loop_depth;
    p->open[p->open_count++] =
        (open_block){.label = number, .opcode = in->opcode, .debt = p->debt, .covered = p->covered};
}

static uint32_t label_at(const ae_planner *p, uint32_t depth) {
    AE_ASSERT(depth < p->open_count);
    return p->open[p->open_count - 1 - depth].label;
}

static void fix_debt(ae_planner *p, ae_label *label, int64_t debt) {
    if (label->state == AE_DEBT_FIXED)
        return;
    if (label->is_table_target) {
        if (!p->has_table_debt)
            p->table_debt = debt;
        p->has_table_debt = true;
        debt = p->table_debt;
    }
    label->debt = debt;
    label->state = AE_DEBT_FIXED;
}

// A path that can pay on its own arrives.
static void offer_debt(ae_label *label, int64_t debt) {
    if (label->state != AE_DEBT_OPEN)
        return;
    label->debt = debt;
    label->state = AE_DEBT_OFFERED;
}

static void arrive(const ae_planner *p, ae_label *label) {
    label->covered = least(label->covered, p->covered);
}

// What to do before a branch back to a loop, which must not go round unchecked.
static uint32_t check_back(ae_planner *p, ae_label *loop) {
    loop->branches++;
    loop->back_debt = p->debt;
    if (p->covered >= loop->loop_depth)
        return 0;
    loop->unchecked_branches++;
    return AE_CHECK_BACK;
}

static bool is_known(const ae_planner *p, uint32_t local) {
    return local == AE_NO_INDEX || p->known[local].stretch == p->stretch;
}

// All rounds but the first are paid before the loop: by the debt, where their number is known and
// small; at once and checked, else.
static uint32_t plan_rounds(ae_planner *p, const ae_counted_loop *loop) {
    uint64_t more = 0;
    if (is_known(p, loop->local) && is_known(p, loop->origin)) {
        const uint32_t origin = loop->origin != AE_NO_INDEX ? p->known[loop->origin].value : 0;
        if (ae_counted_loop_rounds(loop, p->known[loop->local].value, origin, &more)) {
            p->debt += (int64_t)(more * loop->gas);
            if (more * loop->gas <= AE_UNCHECKED_GAS_MAX) {
                p->straight += (int64_t)(more * loop->gas);
                return 0;
            }
            mark_checked(p);
            return AE_PAY_ALL | AE_CHECK;
        }
    }
    p->plan.uses_scratch |= ae_counted_loop_uses_scratch(loop);
    p->plan.uses_wide_scratch |= ae_counted_loop_uses_wide_scratch(loop);
    mark_checked(p);
    return AE_ROUNDS;
}

static void plan_loop(ae_planner *p, const ae_instruction *in, ae_reader body) {
    ae_counted_loop counted;
    const bool is_counted = ae_counted_loop_read(p->loop_reader, p->schedule, body, &counted);
    const uint32_t number = p->plan.label_count;
    ae_label *label = &p->plan.labels[number];
    uint32_t actions = is_counted ? plan_rounds(p, &counted) : 0;
    const int64_t debt = p->debt;
    if ((actions & AE_PAY_ALL) != 0)
        p->debt = 0;
    open_label(p, in);
    fix_debt(p, label, p->debt);
    label->is_counted = is_counted;
    label->counted = counted;
    if (label->debt != p->debt)
        actions |= AE_PAY_DIFFERENCE;
    p->debt = debt;
    add_step(p, number, actions);
    p->debt = label->debt;
    begin_stretch(p);
}

static void plan_else(ae_planner *p, bool is_reached) {
    open_block *block = &p->open[p->open_count - 1];
    ae_label *label = &p->plan.labels[block->label];
    add_step(p, block->label, is_reached ? AE_PAY_DIFFERENCE : 0);
    if (is_reached) {
        offer_debt(label, p->debt);
        arrive(p, label);
    }
    block->opcode = AE_OP_else;
    p->debt = block->debt;
    p->covered = block->covered;
    begin_stretch(p);
}

static ae_label *innermost_loop(ae_planner *p) {
    for (uint32_t i = p->open_count; i > 0; i--) {
        ae_label *label = &p->plan.labels[p->open[i - 1].label];
        if (label->is_loop)
            return label;
    }
    return NULL;
}

static void plan_end_of_loop(ae_planner *p, uint32_t number, bool is_reached) {
    const ae_label *label = &p->plan.labels[number];
    ae_label *around = p->loop_depth > 1 ? innermost_loop(p) : NULL;
    if (around != NULL)
        around->has_loops = true;
    p->plan.uses_wide_scratch |= ae_label_hides_payment(label) && !label->has_loops;
    add_step(p, number, 0);
    p->loop_depth--;
    p->covered = least(p->covered, p->loop_depth);
    if (!is_reached)
        p->debt = 0; // no path goes on
    begin_stretch(p);
}

static void plan_end(ae_planner *p, bool is_reached) {
    const open_block block = p->open[--p->open_count];
    ae_label *label = &p->plan.labels[block.label];
    if (label->is_loop) {
        plan_end_of_loop(p, block.label, is_reached);
        return;
    }
    uint32_t actions = is_reached ? AE_PAY_DIFFERENCE : 0;
    if (block.opcode == AE_OP_if) {
        actions |= AE_OTHER_EDGE;
        fix_debt(p, label, block.debt);
        label->other_debt = block.debt;
        label->covered = least(label->covered, block.covered);
    }
    if (is_reached) {
        offer_debt(label, p->debt);
        arrive(p, label);
    }
    add_step(p, block.label, actions);
    p->debt = label->debt; // 0 where no path arrives
    p->covered = label->covered;
    begin_stretch(p);
}

static void plan_br(ae_planner *p, uint32_t depth) {
    const uint32_t number = label_at(p, depth);
    ae_label *label = &p->plan.labels[number];
    uint32_t actions = AE_PAY_DIFFERENCE;
    if (label->is_loop) {
        actions |= check_back(p, label);
    } else {
        offer_debt(label, p->debt);
        arrive(p, label);
    }
    add_step(p, number, actions);
    die(p);
}

// A branch pays on its own where it leaves a loop, which it does once; else before the branch.
static void plan_br_if(ae_planner *p, uint32_t depth) {
    const uint32_t number = label_at(p, depth);
    ae_label *label = &p->plan.labels[number];
    uint32_t actions = AE_PAY_DIFFERENCE;
    if (label->is_counted) {
        add_step(p, number, 0);
        return;
    }
    const bool is_on_edge = label->loop_depth != p->loop_depth && !label->takes_value;
    if (label->is_loop) {
        actions |= check_back(p, label);
    } else {
        fix_debt(p, label, p->debt);
        arrive(p, label);
    }
    add_step(p, number, actions | (is_on_edge ? AE_ON_EDGE : 0));
    if (is_on_edge)
        return;
    if ((actions & AE_CHECK_BACK) != 0)
        mark_checked(p);
    p->debt = label->debt;
}

static ae_label *next_target(const ae_planner *p, ae_reader *targets) {
    uint32_t depth = 0;
    const aether_status status = ae_read_u32(targets, "label", &depth, NULL);
    AE_ASSERT(status == AETHER_OK);
    return (ae_label *)&p->plan.labels[label_at(p, depth)];
}

static void plan_br_table(ae_planner *p, const ae_instruction *in) {
    ae_reader targets = in->targets;
    ae_label *first = next_target(p, &targets);
    uint32_t actions = AE_PAY_DIFFERENCE;
    targets = in->targets;
    for (uint32_t i = 0; i <= in->index; i++) {
        ae_label *label = next_target(p, &targets);
        if (label->is_loop && p->covered < label->loop_depth)
            actions |= AE_CHECK;
        label->branches += 2; // of which each pays the same
    }
    if ((actions & AE_CHECK) != 0)
        mark_checked(p);
    targets = in->targets;
    for (uint32_t i = 0; i <= in->index; i++) {
        ae_label *label = next_target(p, &targets);
        fix_debt(p, label, p->debt);
        if (!label->is_loop)
            arrive(p, label);
    }
    add_step(p, (uint32_t)(first - p->plan.labels), actions);
    die(p);
}

static void plan_return(ae_planner *p) {
    ae_label *label = &p->plan.labels[0];
    offer_debt(label, p->debt);
    add_step(p, 0, AE_PAY_DIFFERENCE);
    die(p);
}

static void pay_all(ae_planner *p) {
    add_step(p, 0, AE_PAY_ALL);
    p->debt = 0;
}

static void note_constant(ae_planner *p, const ae_instruction *in) {
    const bool had_constant = p->has_constant;
    p->has_constant = in->opcode == AE_OP_i32_const;
    if (p->has_constant)
        p->constant = (uint32_t)in->value;
    if (in->opcode != AE_OP_local_set && in->opcode != AE_OP_local_tee)
        return;
    p->known[in->index] =
        (known_local){.stretch = had_constant ? p->stretch : 0, .value = p->constant};
}

static void plan_instruction(
    ae_planner *p, const ae_instruction *in, ae_reader after, bool is_reached) {
    const uint32_t gas = in->opcode != AE_OP_memory_grow ? p->schedule->opcodes[in->opcode] : 0;
    p->debt += gas;
    p->straight += gas;
    note_constant(p, in);
    switch (in->opcode) {
    case AE_OP_block:
    case AE_OP_if:
        open_label(p, in);
        return;
    case AE_OP_loop:
        plan_loop(p, in, after);
        return;
    case AE_OP_else:
        plan_else(p, is_reached);
        return;
    case AE_OP_end:
        plan_end(p, is_reached);
        return;
    case AE_OP_br:
        plan_br(p, in->index);
        return;
    case AE_OP_br_if:
        plan_br_if(p, in->index);
        return;
    case AE_OP_br_table:
        plan_br_table(p, in);
        return;
    case AE_OP_return:
        plan_return(p);
        return;
    case AE_OP_unreachable:
        pay_all(p);
        die(p);
        return;
    case AE_OP_call:
        pay_all(p);
        if (in->index < p->module->import_count)
            mark_checked(p); // by the host
        else
            p->calls = true;
        return;
    case AE_OP_call_indirect:
        pay_all(p);
        p->calls = true;
        p->plan.uses_scratch = true;
        return;
    case AE_OP_memory_grow:
        pay_all(p);
        mark_checked(p);
        return;
    case AE_OP_memory_init:
    case AE_OP_memory_copy:
    case AE_OP_memory_fill:
        pay_all(p);
        mark_checked(p);
        p->plan.uses_scratch = true;
        return;
    default:
        return;
    }
}

// Labels are counted here as plan_instruction opens them.
static void mark_table_targets(ae_planner *p, ae_reader reader) {
    ae_dead_code dead = {0};
    uint32_t label_count = 1;
    uint32_t open_count = 1;
    if (p->has_table_targets)
        for (uint32_t i = 0; i <= AE_FUNCTION_BLOCKS_MAX; i++)
            p->plan.labels[i].is_table_target = false;
    // The byte of br_table may be another instruction's too; most bodies don't have it.
    p->has_table_targets =
        memchr(reader.data + reader.at, AE_CODE_br_table, reader.end - reader.at) != NULL;
    if (!p->has_table_targets)
        return;
    p->open[0].label = 0;
    while (!ae_reader_is_at_end(&reader)) {
        const ae_instruction in = read_instruction(&reader);
        if (ae_dead_code_drops(&dead, in.opcode))
            continue;
        if (in.opcode == AE_OP_block || in.opcode == AE_OP_loop || in.opcode == AE_OP_if)
            p->open[open_count++].label = label_count++;
        else if (in.opcode == AE_OP_end)
            open_count--;
        else if (in.opcode == AE_OP_br || in.opcode == AE_OP_return ||
                 in.opcode == AE_OP_unreachable)
            ae_dead_code_begin(&dead);
        if (in.opcode != AE_OP_br_table)
            continue;
        p->open_count = open_count;
        ae_reader targets = in.targets;
        for (uint32_t i = 0; i <= in.index; i++)
            next_target(p, &targets)->is_table_target = true;
        ae_dead_code_begin(&dead);
    }
}

static void begin_body(ae_planner *p, const ae_function *function) {
    const ae_functype *type = &p->module->types[function->type];
    const ae_schedule *schedule = p->schedule;
    ae_debt_plan *plan = &p->plan;
    plan->label_count = 0;
    plan->step_count = 0;
    plan->uses_scratch = false;
    plan->uses_wide_scratch = false;
    p->open_count = 0;
    p->dead = (ae_dead_code){0};
    p->debt = schedule->function_entry + (int64_t)function->local_count * schedule->function_local;
    p->straight = p->debt;
    p->loop_depth = 0;
    p->covered = 0;
    p->calls = false;
    p->has_table_debt = false;
    p->has_constant = false;
    begin_stretch(p);
    for (uint32_t i = 0; i < function->local_count; i++)
        p->known[type->param_count + i] = (known_local){.stretch = p->stretch, .value = 0};
    open_label(p, &(ae_instruction){.opcode = AE_OP_block,
                      .block_type = type->result_count != 0 ? type->result : AE_BLOCK_EMPTY});
}

const ae_debt_plan *ae_planner_plan(ae_planner *planner, const ae_function *function) {
    ae_reader reader =
        ae_reader_over(planner->module->bytes, function->code_offset, function->end_offset);
    mark_table_targets(planner, reader);
    begin_body(planner, function);
    while (!ae_reader_is_at_end(&reader)) {
        const ae_instruction in = read_instruction(&reader);
        const bool is_reached = !planner->dead.is_dead;
        if (ae_dead_code_drops(&planner->dead, in.opcode))
            continue;
        if (!reserve_step(&planner->plan))
            return NULL;
        plan_instruction(planner, &in, reader, is_reached);
    }
    AE_ASSERT(planner->open_count == 0 && !planner->dead.is_dead);
    planner->plan.checks_entry = planner->calls || planner->straight > AE_UNCHECKED_GAS_MAX;
    return &planner->plan;
}
