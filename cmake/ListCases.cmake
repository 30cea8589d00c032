# Write one add_test() for each case that a test program lists. Run after it is linked.
execute_process(COMMAND ${EXE} --list OUTPUT_VARIABLE names OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" names "${names}")
set(text "")
foreach(name ${names})
  string(APPEND text "add_test(\"${PREFIX}.${name}\" \"${EXE}\" \"${name}\")\n")
  string(APPEND text "set_tests_properties(\"${PREFIX}.${name}\" PROPERTIES TIMEOUT 300)\n")
endforeach()
file(WRITE ${OUT} "${text}")
