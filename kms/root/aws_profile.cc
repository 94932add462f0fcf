#include "kms/root/aws_profile.h"

#include <algorithm>
#include <array>

#include "crypto/status.h"
#include "kms/root/aws_credentials.h"

namespace fieldkms {
namespace {

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// Whether the line "[...]" begins the section of the profile.
bool IsSectionOf(std::string_view line, AwsFileKind kind, std::string_view name) {
  std::string_view title = Trim(line.substr(1, line.find(']') - 1));
  if (kind == AwsFileKind::kConfig && title != "default") {
    constexpr std::string_view kProfile = "profile";
    if (!title.starts_with(kProfile) || title.size() == kProfile.size()) return false;
    const char space = title[kProfile.size()];
    if (space != ' ' && space != '\t') return false;
    title = Trim(title.substr(kProfile.size()));
  }
  return title == name;
}

void TakeSetting(std::string_view name, std::string_view value, AwsProfile& profile) {
  constexpr std::array<std::string_view, 5> kOtherWays = {
      "role_arn", "credential_process", "sso_session", "sso_start_url", "credential_source"};
  if (name == "aws_access_key_id") profile.access_key_id = value;
  if (name == "aws_secret_access_key") profile.secret_access_key = value;
  if (name == "aws_session_token") profile.session_token = value;
  if (std::find(kOtherWays.begin(), kOtherWays.end(), name) != kOtherWays.end()) {
    profile.other_way = name;
  }
}

absl::Status BadLine(std::string_view path, size_t number, std::string_view rule) {
  return BadAwsSetting(std::string(path) + ": line " + std::to_string(number) + " " +
                       std::string(rule));
}

}  // namespace

absl::StatusOr<AwsProfile> ReadAwsProfile(std::string_view text, AwsFileKind kind,
                                          std::string_view name, std::string_view path) {
  AwsProfile profile;
  bool in_section = false, in_profile = false;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const bool indented = line.starts_with(' ') || line.starts_with('\t');
    if (indented || Trim(line).empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      if (line.find(']') == std::string_view::npos) return BadLine(path, number, "has no ]");
      in_section = true;
      in_profile = IsSectionOf(line, kind, name);
      profile.found = profile.found || in_profile;
      continue;
    }
    const size_t equals = line.find('=');
    if (!in_section || equals == 0 || equals == std::string_view::npos) {
      return BadLine(path, number, "is neither [section] nor a section's NAME = VALUE");
    }
    if (in_profile) {
      TakeSetting(Trim(line.substr(0, equals)), Trim(line.substr(equals + 1)), profile);
    }
  }
  return profile;
}

}  // namespace fieldkms
