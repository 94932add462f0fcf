// Answers in JSON that hold secrets.
#ifndef FIELDKMS_KMS_ROOT_AWS_JSON_H_
#define FIELDKMS_KMS_ROOT_AWS_JSON_H_

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

// The top-level members of an object that are strings.
struct JsonMembers {
  std::map<std::string, std::string> texts;
  std::map<std::string, SecretBytes> secrets;

  // The text of that name; "" if there is none.
  std::string Text(const std::string& name) const;
  // Whether there is a secret of that name.
  bool HasSecret(const std::string& name) const { return secrets.contains(name); }
};

// ReadJson reads an object. The members named in `secrets` are moved out of `body`, and
// masked in it, before the parser sees it, since the parser copies what it reads into
// memory that nobody wipes. `body` is wiped. Errors: kUnavailable, reason
// kRootUnavailable, if `body` is no object, or a secret is longer than 4,096 bytes, has
// an escape other than "\/", or is not at the top level.
absl::StatusOr<JsonMembers> ReadJson(std::string* body,
                                     std::initializer_list<std::string_view> secrets);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_JSON_H_
