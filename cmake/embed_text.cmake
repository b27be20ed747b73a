# SPDX-License-Identifier: Apache-2.0
# weir_embed_text(target FILE file NAME name): adds to TARGET a generated source that defines
# `const char NAME[]` in namespace weir::embedded with the file's text.
#
# The same file is the generator, run at build time: cmake -DINPUT=... -DOUTPUT=... -DNAME=... -P
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(WEIR_EMBED_TEXT ${CMAKE_CURRENT_LIST_FILE})

  function(weir_embed_text target)
    cmake_parse_arguments(arg "" "FILE;NAME" "" ${ARGN})
    set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_${arg_NAME}.cc)
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DINPUT=${arg_FILE} -DOUTPUT=${output} -DNAME=${arg_NAME}
              -P ${WEIR_EMBED_TEXT}
      DEPENDS ${arg_FILE} ${WEIR_EMBED_TEXT}
      COMMENT "Embedding ${arg_NAME}"
      VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endfunction()

  return()
endif()

cmake_policy(VERSION 3.25)
# In hexadecimal, for a literal has a greatest length and text may hold any delimiter.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE ${OUTPUT} "// Generated from ${INPUT}. Do not edit.
namespace weir::embedded {
extern const char ${NAME}[];
const char ${NAME}[] = {${bytes}0};
}  // namespace weir::embedded
")
