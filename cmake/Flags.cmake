# How all of our own code is compiled. One interface target, so that no flag is global.
add_library(ae_flags INTERFACE)
target_compile_features(ae_flags INTERFACE c_std_17)
target_compile_definitions(ae_flags INTERFACE _POSIX_C_SOURCE=200809L)
target_compile_options(ae_flags INTERFACE
  $<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow;-Wvla;-Wstrict-prototypes;-Wmissing-prototypes;-Wimplicit-fallthrough;-Wformat=2;-Wno-format-nonliteral>
  -fvisibility=hidden -fno-omit-frame-pointer -fno-strict-aliasing -fwrapv -ffp-contract=off
  -ffunction-sections -fdata-sections -fstack-protector-strong -g)
target_include_directories(ae_flags INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)

option(AETHER_WERROR "Treat warnings as errors" OFF)
if(AETHER_WERROR)
  target_compile_options(ae_flags INTERFACE -Werror)
endif()

set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
