# What is installed: the shared library, the headers, the bytes of a transaction for
# other languages (proto/), and two ways to find them (the command: cli/). The
# installed tree can be moved: aether.pc and the CMake package are relative to where they lie.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/aether)
install(TARGETS aether EXPORT aether-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/aether DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES proto/aether.proto DESTINATION ${CMAKE_INSTALL_DATADIR}/aether)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# `product` is what a user gets and runs: the library, the command, the example contracts; no test.
add_custom_target(product DEPENDS aether)
get_property(contracts DIRECTORY contracts PROPERTY BUILDSYSTEM_TARGETS)
add_dependencies(product aether_cli ${contracts})

file(RELATIVE_PATH AETHER_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" AETHER_PC_PREFIX "${AETHER_PC_PREFIX}")
configure_file(cmake/aether.pc.in ${PROJECT_BINARY_DIR}/aether.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/aether.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The library is shared and its own dependencies are inside it: the targets file is all a consumer needs. The
# package version stays compatible within a minor version while the major one is 0.
install(EXPORT aether-targets NAMESPACE aether:: DESTINATION ${package_dir})
file(WRITE ${PROJECT_BINARY_DIR}/aether-config.cmake
  "include(\${CMAKE_CURRENT_LIST_DIR}/aether-targets.cmake)\n")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/aether-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/aether-config.cmake ${PROJECT_BINARY_DIR}/aether-config-version.cmake
  DESTINATION ${package_dir})
