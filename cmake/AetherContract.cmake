# Contracts in C become Wasm with Debian's clang and wasm-ld, named by version: same sources, same bytes.
find_program(AETHER_CONTRACT_CLANG clang-14 REQUIRED)
find_program(AETHER_CONTRACT_LINKER wasm-ld-14 REQUIRED)

# ae_contract(<name> <source>...): ${CMAKE_CURRENT_BINARY_DIR}/<name>.wasm, as target contract_<name>.
#   -g keeps source lines for traces; the prefix map keeps this machine's paths out of the module.
#   The stack lies first and is small: overrunning it traps at address 0 instead of overwriting data.
function(ae_contract name)
  set(module ${CMAKE_CURRENT_BINARY_DIR}/${name}.wasm)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE sources)
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sdk/c/*.h)
  add_custom_command(OUTPUT ${module} VERBATIM
    COMMENT "Building contract ${name}.wasm"
    DEPENDS ${sources} ${headers} ${PROJECT_SOURCE_DIR}/cmake/AetherContract.cmake
    COMMAND ${AETHER_CONTRACT_CLANG} --target=wasm32 -std=c17 -O2 -g -ffreestanding -nostdlib
            -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla -Wmissing-prototypes -Werror
            -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -fdebug-compilation-dir=.
            -I${PROJECT_SOURCE_DIR}/sdk/c
            -fuse-ld=${AETHER_CONTRACT_LINKER} -Wl,--no-entry,--stack-first,-z,stack-size=16384
            -o ${module} ${sources})
  add_custom_target(contract_${name} ALL DEPENDS ${module})
endfunction()
