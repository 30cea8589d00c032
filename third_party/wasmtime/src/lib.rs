//! Everything that the C API exports, in one archive; two settings of the engine that it lacks; source lines.

mod dwarf;

pub use dwarf::*;
use std::num::NonZeroUsize;
use wasmtime_c_api::wasmtime::Config;
pub use wasmtime_c_api::*;

// `wasm_config_t` is a C struct whose only field is the configuration.
const _: () = assert!(size_of::<wasm_config_t>() == size_of::<Config>());

/// Set how much native stack contract code may take and how many frames a trap's trace keeps.
///
/// The engine refuses a `max_wasm_stack` above the size of its asynchronous stacks, also where it makes
/// none; the C API can't raise that size without asynchronous support.
///
/// # Safety
///
/// `config` comes from `wasm_config_new` and is not used by anyone else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aether_config_set_stack(
    config: *mut wasm_config_t,
    stack_len: usize,
    trace_frames_max: usize,
) {
    let config = unsafe { &mut *config.cast::<Config>() };
    config.async_stack_size(stack_len);
    config.max_wasm_stack(stack_len);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(trace_frames_max));
}
