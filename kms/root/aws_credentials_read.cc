#include "kms/root/aws_credentials_read.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/files.h"
#include "kms/root/aws_json.h"
#include "kms/root/aws_time.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxFile = 1 << 20;

absl::Status CannotRead(const std::string& path, std::string_view why) {
  return BadAwsSetting("cannot read " + path + ": " + std::string(why));
}

absl::Status BadAnswer() {
  return AwsSourceUnavailable("an answer with credentials does not have the documented form");
}

// Credentials of a session: all four parts are there.
absl::StatusOr<AwsCredentials> Session(std::string_view id, SecretBytes secret, SecretBytes token,
                                       std::string_view expiration) {
  AwsCredentials credentials{std::string(id), std::move(secret), std::move(token),
                             ParseIsoTime(expiration)};
  if (!IsAwsKeyId(id) || credentials.secret_access_key.empty() ||
      credentials.session_token.empty() || !credentials.expires) {
    return BadAnswer();
  }
  return credentials;
}

}  // namespace

absl::StatusOr<std::optional<WipedBuffer>> ReadAwsFile(const std::string& path) {
  // O_NONBLOCK: a FIFO of that name must not hang the caller.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    if (errno == ENOENT) return std::nullopt;
    return CannotRead(path, strerror(errno));
  }
  WipedBuffer content;
  for (;;) {
    const size_t size = content.size();
    if (size > kMaxFile) return CannotRead(path, "it is longer than 1 MiB");
    content.resize(size + 4096);
    const ssize_t n = read(file.get(), content.data() + size, 4096);
    const int error = errno;
    content.resize(size + (n > 0 ? static_cast<size_t>(n) : 0));
    if (n == 0) return content;
    if (n < 0 && error != EINTR) return CannotRead(path, strerror(error));
  }
}

std::string_view AwsFileText(const WipedBuffer& file) {
  const std::string_view text = AsText(file);
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

absl::StatusOr<AwsCredentials> ReadCredentialsJson(std::string* body) {
  FIELDKMS_ASSIGN_OR_RETURN(JsonMembers answer, ReadJson(body, {"SecretAccessKey", "Token"}));
  return Session(answer.Text("AccessKeyId"), std::move(answer.secrets["SecretAccessKey"]),
                 std::move(answer.secrets["Token"]), answer.Text("Expiration"));
}

absl::StatusOr<AwsCredentials> ReadCredentialsXml(std::string_view body) {
  const std::string_view secret_text = XmlText(body, "SecretAccessKey");
  const std::string_view token_text = XmlText(body, "SessionToken");
  if (secret_text.empty() || token_text.empty()) return BadAnswer();
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes secret, CopyAwsSecret(secret_text, "the secret key"));
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes token, CopyAwsSecret(token_text, "the session token"));
  return Session(XmlText(body, "AccessKeyId"), std::move(secret), std::move(token),
                 XmlText(body, "Expiration"));
}

std::string_view XmlText(std::string_view xml, std::string_view element) {
  const std::string open = "<" + std::string(element) + ">";
  const std::string close = "</" + std::string(element) + ">";
  const size_t at = xml.find(open);
  if (at == std::string_view::npos || xml.find(open, at + 1) != std::string_view::npos) return {};
  const std::string_view rest = xml.substr(at + open.size());
  const size_t size = rest.find_first_of("<&");
  if (size == std::string_view::npos || !rest.substr(size).starts_with(close)) return {};
  return rest.substr(0, size);
}

}  // namespace fieldkms
