# What is installed: the shared library, the headers, the command, and two ways to find them.
include(CMakePackageConfigHelpers)
