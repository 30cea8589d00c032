# ae_python_test(<prefix> <script> <argument>...): a Python program whose `--list` names its cases, one CTest entry
# for each, run with the arguments and the name.
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
function(ae_python_test prefix script)
  set(path ${CMAKE_CURRENT_SOURCE_DIR}/${script})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  execute_process(COMMAND ${Python3_EXECUTABLE} -B ${path} --list
    OUTPUT_VARIABLE names OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" names "${names}")
  foreach(name ${names})
    add_test(NAME ${prefix}.${name} COMMAND ${Python3_EXECUTABLE} -B ${path} ${ARGN} ${name})
    set_tests_properties(${prefix}.${name} PROPERTIES TIMEOUT 600)
  endforeach()
endfunction()
