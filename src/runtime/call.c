#include "runtime/profile.h"

#include "crypto/hash.h"

// Beyond this much gas of its own code, host functions apart, a contract may have recursed deeply; its stack's pages are
// then given back. Asking the kernel takes as long as a small call.
#define TRIM_ABOVE_GAS 100000
#define STACK_KEPT_LEN ((size_t)256 << 10)

// One call on its way: made on the caller's stack, worked on a contract stack.
typedef struct call {
    ae_program *program;
    const ae_message *message;
    const aether_store *store;
    ae_workspace *workspace;
    ae_frame frame;
    ae_ending ending;
    aether_execution_result *out_result;
    aether_error *err;
    aether_status status;
} call;

static void end(call *self, aether_outcome outcome, int32_t code, aether_end why) {
    self->ending.outcome = outcome;
    self->ending.code = code;
    self->ending.end = why;
    self->ending.gas_left = outcome == AETHER_OUTCOME_FAILED ? 0 : self->frame.host.meter.left;
}

static void end_returned(call *self, int64_t counter, int32_t code) {
    if (!ae_meter_return(&self->frame.host.meter, counter))
        end(self, AETHER_OUTCOME_FAILED, 0, AETHER_END_OUT_OF_GAS);
    else if (code == 0)
        end(self, AETHER_OUTCOME_SUCCESS, 0, AETHER_END_RETURNED);
    else
        end(self, AETHER_OUTCOME_REVERTED, code, AETHER_END_RETURNED);
}

static aether_status end_stopped(call *self) {
    const ae_host *host = &self->frame.host;
    if (host->fault != AETHER_OK) {
        if (self->err != NULL)
            *self->err = host->fault_error;
        return host->fault;
    }
    if (host->end == AETHER_END_REVERT)
        end(self, AETHER_OUTCOME_REVERTED, AETHER_CODE_REVERT, AETHER_END_REVERT);
    else if (host->end == AETHER_END_PANIC)
        end(self, AETHER_OUTCOME_REVERTED, AETHER_CODE_PANIC, AETHER_END_PANIC);
    else
        end(self, AETHER_OUTCOME_FAILED, 0, host->end);
    return AETHER_OK;
}

// The metered module says through its end global what an `unreachable` meant (gas/instrument.h).
static void end_trapped(call *self) {
    const ae_exit *left = &self->ending.exit;
    if (left->trap != AETHER_END_UNREACHABLE)
        end(self, AETHER_OUTCOME_FAILED, 0, left->trap);
    else if (left->end_global == AE_END_NONE)
        end(self, AETHER_OUTCOME_FAILED, 0, AETHER_END_OUT_OF_GAS);
    else if (left->end_global == AE_END_STACK)
        end(self, AETHER_OUTCOME_FAILED, 0, AETHER_END_STACK_EXHAUSTED);
    else if (ae_meter_return(&self->frame.host.meter, left->end_global))
        end(self, AETHER_OUTCOME_REVERTED, AETHER_CODE_UNREACHABLE, AETHER_END_UNREACHABLE);
}

// Enter one function; true when it returned, with the ending filled in otherwise.
static aether_status enter(
    call *self, ae_instance *instance, ae_code_entry entry, ae_slot *slots, bool *out_returned) {
    slots[0].bits = (uint64_t)ae_meter_lend(&self->frame.host.meter);
    slots[1].bits = AE_STACK_BYTES_MAX;
    AE_TRY(ae_instance_enter(instance, entry, slots, 2, &self->ending.exit, self->err));
    *out_returned = self->ending.exit.kind == AE_EXIT_RETURNED;
    if (self->ending.exit.kind == AE_EXIT_STOPPED)
        return end_stopped(self);
    if (self->ending.exit.kind == AE_EXIT_TRAPPED)
        end_trapped(self);
    return AETHER_OK;
}

static aether_status run_instance(call *self, ae_instance *instance) {
    ae_slot slots[2];
    bool returned = true;
    if (self->program->module.start != AE_NO_INDEX) {
        AE_TRY(enter(self, instance, AE_CODE_START, slots, &returned));
        if (!returned)
            return AETHER_OK;
        if (!ae_meter_return(&self->frame.host.meter, (int64_t)slots[0].bits)) {
            end(self, AETHER_OUTCOME_FAILED, 0, AETHER_END_OUT_OF_GAS);
            return AETHER_OK;
        }
    }
    AE_TRY(enter(self, instance, (ae_code_entry)self->message->entry, slots, &returned));
    if (returned)
        end_returned(self, (int64_t)slots[1].bits, (int32_t)ae_slot_get_u32(&slots[0]));
    if (returned && self->message->hash_memory) {
        const ae_span memory = ae_instance_guest(instance)->memory;
        ae_sha256(ae_bytes(memory.data, memory.len), &self->ending.memory_hash);
    }
    return AETHER_OK;
}

static aether_status give_value(call *self, ae_journal *journal) {
    const ae_frame_context *context = &self->message->context;
    bool fits = true;
    if (ae_u128_is_zero(context->value))
        return AETHER_OK;
    AE_TRY(ae_journal_credit(journal, &context->self, context->value, &fits, self->err));
    if (!fits)
        return ae_fail(self->err, AETHER_INVALID_ARGUMENT,
            "value: the contract's balance would pass 2^128 - 1");
    return AETHER_OK;
}

static aether_status run_frame(call *self) {
    ae_arena *arena = &self->workspace->arena;
    ae_journal *journal = self->message->journal;
    if (journal == NULL)
        AE_TRY(ae_journal_create(arena, self->store, &journal, self->err));
    const ae_checkpoint checkpoint = ae_journal_checkpoint(journal);
    AE_TRY(give_value(self, journal));
    ae_host_init(&self->frame.host, self->program->runtime->schedule, &self->message->context,
        journal, arena, self->message->gas_limit);
    self->frame.memory_pages_max = self->program->module.memory_pages_max;
    self->frame.profile = self->message->profile;
    ae_instance *instance = NULL;
    AE_TRY(ae_instance_acquire(self->program->code, &self->frame, &instance, self->err));
    const aether_status status = run_instance(self, instance);
    ae_instance_release(instance);
    AE_TRY(status);
    if (self->message->profile != NULL)
        ae_profile_end(self->message->profile, &self->ending);
    if (self->ending.outcome == AETHER_OUTCOME_SUCCESS)
        ae_journal_release(journal, checkpoint);
    else
        ae_journal_revert_to(journal, checkpoint);
    const bool takes_changes = self->message->journal == NULL;
    return ae_result_write(self->program, &self->ending, &self->frame.host, takes_changes,
        self->out_result, self->err);
}

static void run(void *argument) {
    call *self = argument;
    self->status = run_frame(self);
}

static uint64_t gas_of_code(const call *self) {
    return self->message->gas_limit - self->ending.gas_left - self->frame.host.meter.charged;
}

aether_status ae_runtime_call(ae_program *program, const ae_message *message,
    const aether_store *store, aether_execution_result *out_result, aether_error *err) {
    if (!ae_program_has_entry(program, message->entry)) {
        static const char *const names[] = {"execute", "init", "query", "migrate"};
        return ae_fail(
            err, AETHER_MISSING_ENTRY, "module has no entry point `%s`", names[message->entry]);
    }
    call self; // not zeroed: frames and message buffers are large, every field that is read is set
    self.program = program;
    self.message = message;
    self.store = store;
    self.out_result = out_result;
    self.err = err;
    self.ending.memory_hash = (aether_hash){0};
    AE_TRY(ae_workspace_take(program->runtime, &self.workspace, err));
    ae_stack_call(&self.workspace->stack, run, &self);
    if (self.status != AETHER_OK || gas_of_code(&self) > TRIM_ABOVE_GAS)
        ae_stack_trim(&self.workspace->stack, STACK_KEPT_LEN);
    ae_workspace_give(program->runtime, self.workspace);
    return self.status;
}
