# Foreign libraries, each as one imported target. Versions and reasons: ARCHITECTURE.md.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(secp256k1 REQUIRED IMPORTED_TARGET libsecp256k1)
pkg_check_modules(nettle REQUIRED IMPORTED_TARGET nettle>=3.8)
pkg_check_modules(lmdb REQUIRED IMPORTED_TARGET lmdb>=0.9.24)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash>=0.8.1)
pkg_check_modules(protobufc REQUIRED IMPORTED_TARGET libprotobuf-c>=1.4.1)
find_program(AETHER_PROTOC_C protoc-c REQUIRED)
pkg_check_modules(jsonc REQUIRED IMPORTED_TARGET json-c>=0.16)

execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/wasmtime_dir.sh
  OUTPUT_VARIABLE AETHER_WASMTIME_DIR OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(NOT EXISTS ${AETHER_WASMTIME_DIR}/lib/libaether_wasmtime.a)
  message(FATAL_ERROR "Wasmtime is not built yet: run `make setup`")
endif()
add_library(wasmtime::wasmtime STATIC IMPORTED)
set_target_properties(wasmtime::wasmtime PROPERTIES
  IMPORTED_LOCATION ${AETHER_WASMTIME_DIR}/lib/libaether_wasmtime.a
  INTERFACE_INCLUDE_DIRECTORIES ${AETHER_WASMTIME_DIR}/include
  INTERFACE_LINK_LIBRARIES "m;dl;Threads::Threads")
