# A module is a folder of src/, a test is a file, a case is a CTest entry.

# ae_module(<name> DEPENDS <module>... LINKS <foreign target>... PROTOS <name in proto/>...)
function(ae_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINKS;PROTOS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.c)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.c$")
  list(FILTER tests INCLUDE REGEX "_test\\.c$")
  add_library(ae_${name} OBJECT ${sources})
  target_link_libraries(ae_${name} PUBLIC ae_flags PRIVATE ${ARG_LINKS})
  foreach(proto ${ARG_PROTOS})
    ae_proto(ae_${name} ${proto})
  endforeach()
  target_sources(aether PRIVATE $<TARGET_OBJECTS:ae_${name}>)
  target_link_libraries(aether PRIVATE ${ARG_LINKS})
  set(closure ${name}) # what a test of this module links: it and what lies below
  set(links ${ARG_LINKS})
  foreach(below ${ARG_DEPENDS})
    get_target_property(more ae_${below} AE_CLOSURE)
    list(APPEND closure ${more})
    get_target_property(more ae_${below} AE_LINKS)
    if(more)
      list(APPEND links ${more})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES closure)
  list(REMOVE_DUPLICATES links)
  set_target_properties(ae_${name} PROPERTIES AE_CLOSURE "${closure}" AE_LINKS "${links}")
  if(BUILD_TESTING)
    foreach(test ${tests})
      get_filename_component(stem ${test} NAME_WE)
      ae_test(${name}_${stem} ${test} MODULES ${closure} LINKS ${links})
    endforeach()
  endif()
endfunction()

# Make C of proto/<proto>.proto and compile it into a target, which then finds <proto.pb-c.h>. The generated
# code is not held to our warnings.
function(ae_proto target proto)
  set(source ${PROJECT_SOURCE_DIR}/proto/${proto}.proto)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/proto)
  set(generated ${folder}/${proto}.pb-c.c ${folder}/${proto}.pb-c.h)
  add_custom_command(OUTPUT ${generated} DEPENDS ${source} VERBATIM
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${AETHER_PROTOC_C} --proto_path=${PROJECT_SOURCE_DIR}/proto --c_out=${folder} ${source})
  set_source_files_properties(${generated} PROPERTIES COMPILE_OPTIONS -w)
  target_sources(${target} PRIVATE ${generated})
  target_include_directories(${target} SYSTEM PRIVATE ${folder})
endfunction()

# ae_test(<target> <source> MODULES <module>... LINKS <foreign target>...)
function(ae_test target source)
  cmake_parse_arguments(ARG "" "" "MODULES;LINKS" ${ARGN})
  add_executable(${target} ${source} ${PROJECT_SOURCE_DIR}/tests/harness/test.c
    ${PROJECT_SOURCE_DIR}/tests/harness/store_conformance.c ${PROJECT_SOURCE_DIR}/tests/harness/naive_tree.c
    ${PROJECT_SOURCE_DIR}/tests/harness/wasm_builder.c)
  set(objects)
  foreach(module ${ARG_MODULES})
    list(APPEND objects $<TARGET_OBJECTS:ae_${module}>)
  endforeach()
  target_sources(${target} PRIVATE ${objects})
  target_link_libraries(${target} PRIVATE ae_flags ${ARG_LINKS})
  target_link_options(${target} PRIVATE LINKER:--gc-sections)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE AE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    AE_WASMTIME_DIR="${AETHER_WASMTIME_DIR}")
  set(cases ${CMAKE_CURRENT_BINARY_DIR}/${target}_cases.cmake)
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMAND ${CMAKE_COMMAND} -DEXE=$<TARGET_FILE:${target}> -DPREFIX=${target} -DOUT=${cases}
            -P ${PROJECT_SOURCE_DIR}/cmake/ListCases.cmake)
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${cases})
endfunction()
