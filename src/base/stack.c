// MAP_ANONYMOUS, MAP_NORESERVE and madvise are not in POSIX; Linux has them under this macro.
#define _DEFAULT_SOURCE
#include "base/stack.h"

#include "base/assert.h"

#include <stdint.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define STACK_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define STACK_WITH_ASAN 1
#endif
#endif

#define PAGE_LEN ((size_t)65536) // a multiple of every page size we meet

aether_status ae_stack_map(size_t len, ae_stack *out_stack, aether_error *err) {
    const size_t rounded = (len + PAGE_LEN - 1) / PAGE_LEN * PAGE_LEN + PAGE_LEN;
    void *mapping = mmap(NULL, rounded, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapping == MAP_FAILED)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "contract stack: cannot map %zu bytes", rounded);
    if (mprotect(mapping, PAGE_LEN, PROT_NONE) != 0) {
        munmap(mapping, rounded);
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "contract stack: cannot protect its guard page");
    }
    *out_stack = (ae_stack){.mapping = mapping, .len = rounded};
    return AETHER_OK;
}

void ae_stack_unmap(ae_stack *stack) {
    if (stack->mapping != NULL)
        munmap(stack->mapping, stack->len);
    *stack = (ae_stack){0};
}

void ae_stack_trim(ae_stack *stack, size_t keep) {
    uint8_t *low = (uint8_t *)stack->mapping + PAGE_LEN;
    const size_t usable = stack->len - PAGE_LEN;
    const size_t kept = (keep + PAGE_LEN - 1) / PAGE_LEN * PAGE_LEN;
    if (kept < usable)
        madvise(low, usable - kept, MADV_DONTNEED);
}

// Switch the stack pointer to `top` (16-byte aligned), call function(argument), switch back. The
// frame pointer stays in a callee-saved register across the call, and the unwind information
// follows it, so debuggers and profilers see through the switch.
void ae_stack_switch(void *top, void (*function)(void *argument), void *argument);

#if defined(__x86_64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl ae_stack_switch\n"
        ".hidden ae_stack_switch\n"
        ".type ae_stack_switch, @function\n"
        "ae_stack_switch:\n"
        ".cfi_startproc\n"
        "    pushq %rbp\n"
        "    .cfi_def_cfa_offset 16\n"
        "    .cfi_offset %rbp, -16\n"
        "    movq %rsp, %rbp\n"
        "    .cfi_def_cfa_register %rbp\n"
        "    movq %rdi, %rsp\n"
        "    movq %rdx, %rdi\n"
        "    callq *%rsi\n"
        "    movq %rbp, %rsp\n"
        "    popq %rbp\n"
        "    .cfi_def_cfa %rsp, 8\n"
        "    retq\n"
        ".cfi_endproc\n"
        ".size ae_stack_switch, .-ae_stack_switch\n");
#elif defined(__aarch64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl ae_stack_switch\n"
        ".hidden ae_stack_switch\n"
        ".type ae_stack_switch, %function\n"
        "ae_stack_switch:\n"
        ".cfi_startproc\n"
        "    stp x29, x30, [sp, #-16]!\n"
        "    .cfi_def_cfa_offset 16\n"
        "    .cfi_offset x29, -16\n"
        "    .cfi_offset x30, -8\n"
        "    mov x29, sp\n"
        "    .cfi_def_cfa_register x29\n"
        "    mov sp, x0\n"
        "    mov x0, x2\n"
        "    blr x1\n"
        "    mov sp, x29\n"
        "    .cfi_def_cfa_register sp\n"
        "    ldp x29, x30, [sp], #16\n"
        "    ret\n"
        ".cfi_endproc\n"
        ".size ae_stack_switch, .-ae_stack_switch\n");
#else
#error "contract stacks are written for x86-64 and AArch64"
#endif

#ifdef STACK_WITH_ASAN
// The address sanitizer must know which stack is live.
typedef struct fiber {
    void (*function)(void *argument);
    void *argument;
    const void *caller_bottom;
    size_t caller_len;
} fiber;

static void run_fiber(void *argument) {
    fiber *self = argument;
    __sanitizer_finish_switch_fiber(NULL, &self->caller_bottom, &self->caller_len);
    self->function(self->argument);
    __sanitizer_start_switch_fiber(NULL, self->caller_bottom, self->caller_len);
}
#endif

void ae_stack_call(ae_stack *stack, void (*function)(void *argument), void *argument) {
    AE_ASSERT(stack->mapping != NULL);
    uint8_t *top = (uint8_t *)stack->mapping + stack->len;
#ifdef STACK_WITH_ASAN
    fiber self = {.function = function, .argument = argument};
    void *fake_stack = NULL;
    __sanitizer_start_switch_fiber(&fake_stack, stack->mapping, stack->len);
    ae_stack_switch(top, run_fiber, &self);
    __sanitizer_finish_switch_fiber(fake_stack, NULL, NULL);
#else
    ae_stack_switch(top, function, argument);
#endif
}
