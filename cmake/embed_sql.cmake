# fieldkms_embed_sql(OUTPUT HEADER FUNCTION FILES...): OUTPUT becomes a C++ source with the text
# of each file, in the order given, as the FUNCTION that HEADER declares returns it; see
# kms/postgres/embedded_sql.h. A changed file configures anew.
function(fieldkms_embed_sql output header function)
  set(entries "")
  foreach(file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" text)
    get_filename_component(name "${file}" NAME_WE)
    string(APPEND entries "    {\"${name}\", R\"fieldkms_sql(${text})fieldkms_sql\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT "${output}" CONTENT [[
// Made from SQL by cmake/embed_sql.cmake.
#include "@header@"

namespace fieldkms {

std::span<const EmbeddedSql> @function@() {
  static constexpr EmbeddedSql kFiles[] = {
@entries@  };
  return kFiles;
}

}  // namespace fieldkms
]] @ONLY)
endfunction()
