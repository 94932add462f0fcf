# fieldkms_embed_sql(OUTPUT FILES...): OUTPUT becomes a C++ source with the text of each
# file, in the order given; see kms/store/postgres_schema.h. A changed file configures
# anew.
function(fieldkms_embed_sql output)
  set(entries "")
  foreach(file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" text)
    get_filename_component(name "${file}" NAME_WE)
    string(APPEND entries "    {\"${name}\", R\"fieldkms_sql(${text})fieldkms_sql\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT "${output}" CONTENT [[
// Made from sql/schema by cmake/embed_sql.cmake.
#include "kms/store/postgres_schema.h"

namespace fieldkms {

std::span<const EmbeddedSql> EmbeddedSchema() {
  static constexpr EmbeddedSql kFiles[] = {
@entries@  };
  return kFiles;
}

}  // namespace fieldkms
]] @ONLY)
endfunction()
