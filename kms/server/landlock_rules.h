// Which files the service may reach for: what its configuration names, and what its libraries read
// of the system. Looks at names only.
#ifndef FIELDKMS_KMS_SERVER_LANDLOCK_RULES_H_
#define FIELDKMS_KMS_SERVER_LANDLOCK_RULES_H_

#include <string>
#include <string_view>
#include <vector>

#include "kms/server/config.h"

namespace fieldkms {

struct FileRule {
  std::string path;  // it, and all that is below it
  bool write = false;

  bool operator==(const FileRule&) const = default;
};

// FileRules: for a file that is named, its directory: files that are renewed are replaced, and a
// rule holds for the one that was there.
std::vector<FileRule> FileRules(const Config& config);

// Why this configuration cannot be confined to files; empty: it can.
std::string_view WhyUnconfined(const Config& config);

// Absolute paths among the values of a connection string of libpq, in either of its forms.
std::vector<std::string> PathsOfConninfo(std::string_view conninfo);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_LANDLOCK_RULES_H_
