//! Everything that the C API exports, in one archive.
pub use wasmtime_c_api::*;
