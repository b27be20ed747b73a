# SPDX-License-Identifier: Apache-2.0
# weir_embed_migrations(target DIRECTORY dir): adds to TARGET a generated source that defines
# weir::postgres::embedded_migrations() (server/postgres/embedded_migrations.h): the files
# NNNN_name.sql of DIRECTORY, in the order of their numbers.
#
# The same file is the generator, run at build time: cmake -DDIRECTORY=... -DOUTPUT=... -P
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(WEIR_EMBED_SQL ${CMAKE_CURRENT_LIST_FILE})

  function(weir_embed_migrations target)
    cmake_parse_arguments(arg "" "DIRECTORY" "" ${ARGN})
    set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_migrations.cc)
    file(GLOB migrations CONFIGURE_DEPENDS ${arg_DIRECTORY}/*.sql)
    # Written when it changes: one that is gone, or older than what was generated, is noticed too.
    set(list ${CMAKE_CURRENT_BINARY_DIR}/migrations.txt)
    file(CONFIGURE OUTPUT ${list} CONTENT "${migrations}")
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DDIRECTORY=${arg_DIRECTORY} -DOUTPUT=${output} -P ${WEIR_EMBED_SQL}
      DEPENDS ${migrations} ${list} ${WEIR_EMBED_SQL}
      COMMENT "Embedding migrations"
      VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endfunction()

  return()
endif()

cmake_policy(VERSION 3.25)
file(GLOB migrations ${DIRECTORY}/*.sql)
list(SORT migrations)

set(entries "")
set(count 0)
set(numbers)
foreach(path IN LISTS migrations)
  get_filename_component(file ${path} NAME)
  if(NOT file MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)\\.sql$")
    message(FATAL_ERROR "${file}: a migration is named NNNN_what_it_does.sql")
  endif()
  set(name ${CMAKE_MATCH_2})
  math(EXPR number "1${CMAKE_MATCH_1} - 10000")
  if(number IN_LIST numbers)
    message(FATAL_ERROR "${file}: there are two migrations with the number ${number}")
  endif()
  list(APPEND numbers ${number})
  file(READ ${path} sql)
  string(FIND "${sql}" ")weir_sql\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${file}: contains the delimiter it would be quoted with")
  endif()
  string(APPEND entries "    {${number}, \"${name}\", R\"weir_sql(${sql})weir_sql\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
if(count EQUAL 0)
  message(FATAL_ERROR "no migrations in ${DIRECTORY}")
endif()

file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT "// Generated from server/migrations. Do not edit.
#include \"server/postgres/embedded_migrations.h\"

namespace weir::postgres {
namespace {

constexpr EmbeddedMigration kMigrations[] = {
@entries@};

}  // namespace

absl::Span<const EmbeddedMigration> embedded_migrations() { return kMigrations; }

}  // namespace weir::postgres
")
