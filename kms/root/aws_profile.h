// The files ~/.aws/credentials and ~/.aws/config.
#ifndef FIELDKMS_KMS_ROOT_AWS_PROFILE_H_
#define FIELDKMS_KMS_ROOT_AWS_PROFILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

enum class AwsFileKind {
  kCredentials,  // sections are [NAME]
  kConfig,       // sections are [profile NAME], and [default]
};

// What one file says of one profile: views into its text.
struct AwsProfile {
  bool found = false;
  std::string_view access_key_id;
  std::string_view secret_access_key;
  std::string_view session_token;
  // A setting that stands for another way to credentials, such as "role_arn".
  std::string_view other_way;
};

// ReadAwsProfile reads the profile `name`. Lines are "name = value"; lines that begin
// with "#" or ";" are comments, indented ones belong to the setting above and are read
// over. Of a setting that is there twice, the last counts. Error: BadAwsSetting with the
// number of a line that is none of these; `path` names the file in it.
absl::StatusOr<AwsProfile> ReadAwsProfile(std::string_view text, AwsFileKind kind,
                                          std::string_view name, std::string_view path);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_PROFILE_H_
