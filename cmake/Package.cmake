# What is installed: the shared library, the archive of the verifier of proofs, the headers, the bytes of a transaction
# for other languages (proto/), and two ways to find them (the command: cli/). The installed tree can be moved: the .pc
# files and the CMake package are relative to where they lie.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/aether)
install(TARGETS aether aether_proof EXPORT aether-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
                                                           ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/aether DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES proto/aether.proto DESTINATION ${CMAKE_INSTALL_DATADIR}/aether)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# `product` is what a user gets and runs: the libraries, the command, the example contracts; no test.
add_custom_target(product DEPENDS aether aether_proof)
get_property(contracts DIRECTORY contracts PROPERTY BUILDSYSTEM_TARGETS)
add_dependencies(product aether_cli ${contracts})

file(RELATIVE_PATH AETHER_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" AETHER_PC_PREFIX "${AETHER_PC_PREFIX}")
foreach(file aether.pc aether-proof.pc)
  configure_file(cmake/${file}.in ${PROJECT_BINARY_DIR}/${file} @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${file} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

# The library is shared with its own dependencies inside it, the archive has none: the targets file is all that a
# consumer needs, who links aether::aether or aether::proof. The package version stays compatible within a minor
# version while the major one is 0.
install(EXPORT aether-targets NAMESPACE aether:: DESTINATION ${package_dir})
file(WRITE ${PROJECT_BINARY_DIR}/aether-config.cmake
  "include(\${CMAKE_CURRENT_LIST_DIR}/aether-targets.cmake)\n")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/aether-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/aether-config.cmake ${PROJECT_BINARY_DIR}/aether-config-version.cmake
  DESTINATION ${package_dir})
