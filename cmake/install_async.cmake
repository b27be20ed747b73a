# SPDX-License-Identifier: Apache-2.0
# cmake --install BUILD --prefix DIR: the library, its headers, and the CMake package by which
# another project says find_package(weir) and links weir::async. The service is no part of it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
install(TARGETS weir_async EXPORT weir_targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT weir_async)
set_target_properties(weir_async PROPERTIES EXPORT_NAME async)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/async DESTINATION include/weir COMPONENT weir_async
  FILES_MATCHING PATTERN "*.h" PATTERN testing EXCLUDE)
install(EXPORT weir_targets NAMESPACE weir:: DESTINATION ${package} COMPONENT weir_async)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/weir-config.cmake.in
  ${PROJECT_BINARY_DIR}/weir-config.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/weir-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/weir-config.cmake ${PROJECT_BINARY_DIR}/weir-config-version.cmake
  DESTINATION ${package} COMPONENT weir_async)
