/* Modules made from a module: without its custom sections, and with its functions many times over.
 *
 * Thread safety: immutable. */
#ifndef AE_BENCH_MODULE_H
#define AE_BENCH_MODULE_H

#include "measure.h"

/* `wasm` is a valid module. The copies of its functions are put after all others and nothing calls them;
 * copies is 1 or more. out_wasm is to be released with free. */
bool bench_module_copy(aether_bytes wasm, uint32_t copies, aether_bytes *out_wasm);

#endif
