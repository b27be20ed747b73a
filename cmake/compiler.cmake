# SPDX-License-Identifier: Apache-2.0
# Language, warnings, hardening, sanitizers, linker and ccache, the same for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
# The sanitizers run on clang. Unoptimised: nothing that the sources do is gone before it can be checked, and
# clang takes two thirds of its time over a file of coroutine tests to optimise it.
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g")
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
endif()

include_directories(${PROJECT_SOURCE_DIR})

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow)
if(WEIR_WERROR)
  add_compile_options(-Werror)
endif()

# g++ turns a resumption into a tail call only when it optimises sibling calls, which it does not
# below -O2: without this, coroutines that complete at once overflow the stack of a debug build
# (GCC PR 100897).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-foptimize-sibling-calls)
endif()

# g++ takes the sources that a unity build includes for headers, whose unnamed namespaces would be a
# mistake.
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-subobject-linkage)
endif()

if(WEIR_HARDENING)
  set(branches "")  # what ARM has of it is not worth an error
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
    set(branches -fcf-protection)
  endif()
  add_compile_options(-fstack-protector-strong -fstack-clash-protection ${branches}
                      -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS)
  add_link_options(LINKER:-z,relro,-z,now,-z,noexecstack)
endif()

if(WEIR_SANITIZERS)
  add_compile_options(-fsanitize=${WEIR_SANITIZERS} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WEIR_SANITIZERS})
  if(WEIR_SANITIZERS MATCHES "undefined")
    # Debian's protobuf and gRPC are built without the type information that this check needs.
    add_compile_options(-fno-sanitize=vptr)
    add_link_options(-fno-sanitize=vptr)
  endif()
endif()

if(WEIR_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)  # tells the fuzzers which code an input reached
endif()

include(CheckLinkerFlag)
check_linker_flag(CXX -fuse-ld=lld WEIR_HAVE_LLD)
if(WEIR_HAVE_LLD)
  add_link_options(-fuse-ld=lld)
endif()

# weir_lto(target): with WEIR_LTO it is optimised as a whole when it is linked, which lld cannot do with
# g++'s objects. They hold ordinary code, too: what is linked a hundred times, the tests, is linked as ever.
if(WEIR_LTO)
  add_compile_options(-flto=auto -ffat-lto-objects)
  add_link_options(-fno-lto)
endif()
function(weir_lto target)
  if(WEIR_LTO)
    target_link_options(${target} PRIVATE -flto=auto -fuse-ld=bfd)
  endif()
endfunction()

# pkg-config names more libraries than any one program uses.
add_link_options(LINKER:--as-needed)

find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness that precompiled headers need (ccache's manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${WEIR_CCACHE})
endif()
