// SQL of a file under sql/, embedded into the binary at build time (cmake/embed_sql.cmake).
#ifndef FIELDKMS_KMS_POSTGRES_EMBEDDED_SQL_H_
#define FIELDKMS_KMS_POSTGRES_EMBEDDED_SQL_H_

#include <string_view>

namespace fieldkms {

struct EmbeddedSql {
  std::string_view name;  // of the file, without its suffix
  std::string_view text;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_POSTGRES_EMBEDDED_SQL_H_
