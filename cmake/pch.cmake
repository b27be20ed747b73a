# SPDX-License-Identifier: Apache-2.0
# weir_use_pch(target): compile TARGET with the precompiled gRPC, protobuf and Abseil headers. They
# are most of what such a file costs to compile, so they are precompiled once, for all targets.
function(weir_use_pch target)
  if(NOT WEIR_PCH)
    return()
  endif()
  if(NOT TARGET weir_pch)
    set(source ${PROJECT_BINARY_DIR}/gen/pch.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "")
    add_library(weir_pch OBJECT ${source})
    target_link_libraries(weir_pch PRIVATE weir::grpc)
    target_precompile_headers(weir_pch PRIVATE
      <grpcpp/grpcpp.h> <google/protobuf/message.h> <absl/status/statusor.h>
      <coroutine> <functional> <memory> <optional> <string> <unordered_map> <vector>)
    # What ccache needs to cache objects made with a precompiled header.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(weir_pch PRIVATE -fpch-preprocess)
    else()
      target_compile_options(weir_pch PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
  endif()
  target_precompile_headers(${target} REUSE_FROM weir_pch)
  target_link_libraries(${target} PRIVATE weir::grpc)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  else()
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()
