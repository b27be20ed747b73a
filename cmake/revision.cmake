# SPDX-License-Identifier: Apache-2.0
# WEIR_BUILT_REVISION: the git revision that is built, for the log. Where there is no checkout, as in an
# image's build, -DWEIR_REVISION=... says it, or it is "unknown".
set(WEIR_REVISION "" CACHE STRING "The revision that is built; empty: what git says")
set(WEIR_BUILT_REVISION "${WEIR_REVISION}")
if(NOT WEIR_BUILT_REVISION)
  execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE WEIR_BUILT_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  # Each commit configures again.
  execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} rev-parse --path-format=absolute --git-path logs/HEAD
    OUTPUT_VARIABLE head_log OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(head_log AND EXISTS ${head_log})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${head_log})
  endif()
endif()
if(NOT WEIR_BUILT_REVISION)
  set(WEIR_BUILT_REVISION unknown)
endif()
