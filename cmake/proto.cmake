# SPDX-License-Identifier: Apache-2.0
# weir_proto_library(target ROOT dir): a static library of the C++ generated from every .proto file
# under ROOT, and of its gRPC code where the file defines services. Includes are relative to ROOT:
# #include "weir/users/v1/users.grpc.pb.h".
find_program(WEIR_PROTOC protoc REQUIRED)
find_program(WEIR_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

function(weir_proto_library target)
  cmake_parse_arguments(arg "" "ROOT" "" ${ARGN})
  set(out ${PROJECT_BINARY_DIR}/gen/proto)
  file(MAKE_DIRECTORY ${out})
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS RELATIVE ${arg_ROOT} ${arg_ROOT}/*.proto)
  set(generated)
  foreach(proto IN LISTS protos)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(files ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    set(arguments --cpp_out=${out})
    # Adding or removing a file's only service takes a fresh configure; that is rare.
    file(STRINGS ${arg_ROOT}/${proto} services REGEX "^service ")
    if(services)
      list(APPEND files ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      list(APPEND arguments --grpc_out=${out} --plugin=protoc-gen-grpc=${WEIR_GRPC_CPP_PLUGIN})
    endif()
    # Imports between our files: depending on all of them is simpler than reading them, and cheap.
    list(TRANSFORM protos PREPEND ${arg_ROOT}/ OUTPUT_VARIABLE all_protos)
    add_custom_command(
      OUTPUT ${files}
      COMMAND ${WEIR_PROTOC} --proto_path=${arg_ROOT} ${arguments} ${proto}
      DEPENDS ${all_protos}
      COMMENT "Generating ${proto}"
      VERBATIM)
    list(APPEND generated ${files})
  endforeach()

  # For tools that read sources and compile nothing.
  if(NOT TARGET weir_generated)
    add_custom_target(weir_generated)
  endif()
  add_custom_target(${target}_sources DEPENDS ${generated})
  add_dependencies(weir_generated ${target}_sources)

  add_library(${target} STATIC ${generated})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)  # all define the same names
  target_compile_options(${target} PRIVATE -w)
  target_include_directories(${target} SYSTEM PUBLIC ${out})
  target_link_libraries(${target} PUBLIC weir::grpc weir::protobuf)
  weir_use_pch(${target})
endfunction()
