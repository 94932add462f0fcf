#include <optional>
#include <utility>

#include "crypto/status.h"
#include "crypto/wiping_allocator.h"
#include "kms/root/aws_credentials_read.h"
#include "kms/root/aws_credentials_sources.h"
#include "kms/root/aws_profile.h"

namespace fieldkms {
namespace {

// What a file says of the profile, with the text that it says it in.
struct FileProfile {
  WipedBuffer text;
  AwsProfile profile;
};

class ProfileSource final : public AwsCredentialSource {
 public:
  ProfileSource(AwsGetEnvironment environment, std::string profile)
      : environment_(std::move(environment)), profile_(std::move(profile)) {}

  std::string Name() const override { return "the profile " + Profile(); }

  absl::StatusOr<std::optional<AwsCredentials>> Fetch(Deadline) const override {
    bool found = false;
    for (const AwsFileKind kind : {AwsFileKind::kCredentials, AwsFileKind::kConfig}) {
      FIELDKMS_ASSIGN_OR_RETURN(const FileProfile file, Read(kind));
      found = found || file.profile.found;
      if (!file.profile.access_key_id.empty() || !file.profile.secret_access_key.empty()) {
        return KeysOf(file.profile);
      }
      if (!file.profile.other_way.empty()) {
        return BadAwsSetting(Name() + " sets " + std::string(file.profile.other_way) +
                             ", which FieldKMS does not support; give it keys");
      }
    }
    if (IsNamed()) {
      return BadAwsSetting(Name() + (found
                                         ? " has no keys"
                                         : " does not exist in " + Path(AwsFileKind::kCredentials) +
                                               " or " + Path(AwsFileKind::kConfig)));
    }
    return std::nullopt;
  }

 private:
  bool IsNamed() const {
    return !profile_.empty() || !AwsVariable(environment_, "AWS_PROFILE").empty();
  }

  std::string Profile() const {
    if (!profile_.empty()) return profile_;
    const std::string variable = AwsVariable(environment_, "AWS_PROFILE");
    return variable.empty() ? "default" : variable;
  }

  std::string Path(AwsFileKind kind) const {
    const bool credentials = kind == AwsFileKind::kCredentials;
    std::string path =
        AwsVariable(environment_, credentials ? "AWS_SHARED_CREDENTIALS_FILE" : "AWS_CONFIG_FILE");
    if (path.empty()) path = credentials ? "~/.aws/credentials" : "~/.aws/config";
    if (path.starts_with("~/")) path.replace(0, 1, AwsVariable(environment_, "HOME"));
    return path;
  }

  absl::StatusOr<FileProfile> Read(AwsFileKind kind) const {
    const std::string path = Path(kind);
    FIELDKMS_ASSIGN_OR_RETURN(std::optional<WipedBuffer> text, ReadAwsFile(path));
    FileProfile file;
    if (!text) return file;
    file.text = std::move(*text);
    // Views stay true as the buffer moves on with its memory.
    FIELDKMS_ASSIGN_OR_RETURN(file.profile,
                              ReadAwsProfile(AsText(file.text), kind, Profile(), path));
    return file;
  }

  absl::StatusOr<std::optional<AwsCredentials>> KeysOf(const AwsProfile& profile) const {
    if (!IsAwsKeyId(profile.access_key_id) || profile.secret_access_key.empty()) {
      return BadAwsSetting(Name() + " has no pair of aws_access_key_id and aws_secret_access_key");
    }
    AwsCredentials credentials{std::string(profile.access_key_id), {}, {}, {}};
    FIELDKMS_ASSIGN_OR_RETURN(credentials.secret_access_key,
                              CopyAwsSecret(profile.secret_access_key, "aws_secret_access_key"));
    if (!profile.session_token.empty()) {
      FIELDKMS_ASSIGN_OR_RETURN(credentials.session_token,
                                CopyAwsSecret(profile.session_token, "aws_session_token"));
    }
    return credentials;
  }

  const AwsGetEnvironment environment_;
  const std::string profile_;
};

}  // namespace

AwsSource MakeProfileSource(AwsGetEnvironment environment, std::string profile) {
  return std::make_unique<ProfileSource>(std::move(environment), std::move(profile));
}

}  // namespace fieldkms
