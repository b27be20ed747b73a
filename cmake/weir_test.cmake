# SPDX-License-Identifier: Apache-2.0
# weir_test(name SOURCES... [LIBS lib...] [LABEL unit|integration|e2e] [TIMEOUT seconds] [PCH])
#
# One GoogleTest binary and one ctest test, for starting a process per test case would cost more than
# most cases do. The results of each case are in build/<preset>/junit/<name>.xml.
#   unit         (default) needs nothing; runs beside others
#   integration  reads WEIR_DATABASE_URL and WEIR_REDIS_URL: scripts/with_stack.sh sets them
#   e2e          runs the built programs; alone, for it may measure time
# A test that needs no more than gtest_main gets it; one that defines main() keeps its own.
function(weir_test name)
  cmake_parse_arguments(arg "PCH" "LABEL;TIMEOUT" "LIBS" ${ARGN})
  set(label unit)
  if(arg_LABEL)
    set(label ${arg_LABEL})
  endif()
  set(timeout_unit 60)
  set(timeout_integration 180)
  set(timeout_e2e 300)
  set(timeout ${timeout_${label}})
  if(arg_TIMEOUT)
    set(timeout ${arg_TIMEOUT})
  endif()

  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gmock GTest::gtest_main)
  if(arg_PCH)
    weir_use_pch(${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  weir_test_properties(${name} ${label} ${timeout})
endfunction()

# weir_script_test(name LABEL TIMEOUT COMMAND...): a test that is a program of another kind.
function(weir_script_test name label timeout)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  weir_test_properties(${name} ${label} ${timeout})
endfunction()

function(weir_test_properties name label timeout)
  if(WEIR_SANITIZERS)  # unoptimised and checked: several times as slow, and more so beside others
    math(EXPR timeout "3 * ${timeout}")
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout})
  set_property(TEST ${name} PROPERTY ENVIRONMENT
    GTEST_OUTPUT=xml:${PROJECT_BINARY_DIR}/junit/${name}.xml
    GTEST_COLOR=yes
    WEIR_SOURCE_DIR=${PROJECT_SOURCE_DIR}
    WEIR_BINARY_DIR=${PROJECT_BINARY_DIR})
  if(label STREQUAL "e2e")
    set_property(TEST ${name} PROPERTY RUN_SERIAL ON)
  endif()
endfunction()
