# SPDX-License-Identifier: Apache-2.0
# Everything Weir links, all from the distribution's packages, as weir::<name> interface targets.
#
# gRPC, protobuf, Abseil and RE2 come from their static archives (measured: 8 % of the CPU of an RPC).
# It is all or nothing for these four: each is used by the next, and two copies of one of them in a
# process would have two sets of globals. Under the sanitizers they are shared libraries: the thread
# sanitizer can leave out what goes on inside a library that is not instrumented, not what goes on
# inside the program.
set(WEIR_STATIC ON)
if(WEIR_SANITIZERS)
  set(WEIR_STATIC OFF)
endif()
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# weir_pkg_config(name MODULE...): weir::NAME is what pkg-config says of the modules.
function(weir_pkg_config name)
  string(REPLACE ";" " " modules "${ARGN}")
  pkg_check_modules(${name}_PC REQUIRED QUIET ${ARGN})
  set(libraries)
  foreach(library IN LISTS ${name}_PC_LIBRARIES)
    if(WEIR_STATIC AND library MATCHES
       "^(grpc|gpr$|address_sorting$|upb|utf8_range|absl_|protobuf|re2$)")
      find_library(WEIR_ARCHIVE_${library} NAMES lib${library}.a NO_CACHE REQUIRED)
      list(APPEND libraries ${WEIR_ARCHIVE_${library}})
    else()
      list(APPEND libraries ${library})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES libraries)
  add_library(weir_dep_${name} INTERFACE)
  add_library(weir::${name} ALIAS weir_dep_${name})
  target_include_directories(weir_dep_${name} SYSTEM INTERFACE ${${name}_PC_INCLUDE_DIRS})
  # hiredis asks for what is the default on every 64-bit machine; as an option it would only keep
  # precompiled headers from being used.
  set(options ${${name}_PC_CFLAGS_OTHER})
  list(REMOVE_ITEM options -D_FILE_OFFSET_BITS=64 -D_FILE_OFFSET_BITS)
  target_compile_options(weir_dep_${name} INTERFACE ${options})
  target_link_libraries(weir_dep_${name} INTERFACE ${libraries} Threads::Threads)
endfunction()

weir_pkg_config(absl absl_any_invocable absl_btree absl_cleanup absl_flat_hash_map absl_flat_hash_set
  absl_function_ref absl_hash absl_inlined_vector absl_random_random absl_span absl_status
  absl_statusor absl_str_format absl_strings absl_synchronization absl_time)
weir_pkg_config(protobuf protobuf)
# RE2 is there for its own needs: grpc++ names the library, but not what its archive needs in turn.
weir_pkg_config(grpc grpc++ re2)
target_link_libraries(weir_dep_grpc INTERFACE weir::protobuf weir::absl)

# A service that comes with gRPC but not inside libgrpc++. Its header has a function that registers it
# (InitChannelzService): call it, for from an archive the linker takes only what is referred to.
# libgrpc++_error_details and libgrpc++_reflection are not here on purpose: proto/ defines the same
# messages.
set(WEIR_channelz_FILE grpcpp_channelz)
if(WEIR_STATIC)
  set(WEIR_channelz_FILE libgrpcpp_channelz.a)
endif()
find_library(WEIR_channelz_LIBRARY NAMES ${WEIR_channelz_FILE} NO_CACHE REQUIRED)
add_library(weir_dep_grpc_channelz INTERFACE)
add_library(weir::grpc_channelz ALIAS weir_dep_grpc_channelz)
target_link_libraries(weir_dep_grpc_channelz INTERFACE ${WEIR_channelz_LIBRARY} weir::grpc)

weir_pkg_config(pqxx libpqxx)
weir_pkg_config(pq libpq)
weir_pkg_config(hiredis hiredis)
weir_pkg_config(argon2 libargon2)
weir_pkg_config(crypto libcrypto)
weir_pkg_config(ssl libssl)
weir_pkg_config(prometheus prometheus-cpp-core)
weir_pkg_config(zlib zlib)

# For programs, not for libraries: it takes malloc's place in the whole process.
if(WEIR_TCMALLOC)
  find_library(WEIR_TCMALLOC_LIBRARY NAMES tcmalloc_minimal REQUIRED)
  add_library(weir_dep_malloc INTERFACE)
  add_library(weir::malloc ALIAS weir_dep_malloc)
  target_link_libraries(weir_dep_malloc INTERFACE ${WEIR_TCMALLOC_LIBRARY})
endif()

# These come with CMake packages instead of .pc files.
find_package(CLI11 CONFIG REQUIRED)
add_library(weir::cli11 ALIAS CLI11::CLI11)
find_package(nlohmann_json CONFIG REQUIRED)
add_library(weir::json ALIAS nlohmann_json::nlohmann_json)

if(WEIR_TESTS)
  find_package(GTest CONFIG REQUIRED)
endif()
