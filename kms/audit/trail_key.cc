#include "kms/audit/trail_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "crypto/base64.h"
#include "crypto/random_id.h"
#include "crypto/secret_bytes.h"
#include "crypto/status.h"
#include "kms/audit/trail_files.h"
#include "kms/files.h"

namespace fieldkms {
namespace {

constexpr std::string_view kHeader = "fieldkms-audit-key-1 ";
constexpr std::string_view kOrigin = "fieldkms/audit/";  // and 32 hex digits
constexpr size_t kMaxLine = 1'024;
constexpr size_t kSeedText = Base64Size(Base64::kPadded, kEd25519Size);

absl::Status Refused(const std::string& path, const char* why) {
  return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
               "audit signing key " + path + ": " + why);
}

// Wiped when it goes.
struct Line {
  ~Line() { Wipe(text); }
  std::array<uint8_t, kMaxLine> text{};
};

}  // namespace

absl::StatusOr<NewTrailKey> MakeTrailKey() {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string id, RandomId());
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes seed, SecretBytes::Random(kEd25519Size));
  const std::string origin = std::string(kOrigin) + id;
  FIELDKMS_ASSIGN_OR_RETURN(NoteSigner signer, NoteSigner::Make(origin, seed));
  std::string line = std::string(kHeader) + origin + " ";
  line.reserve(kMaxLine);  // or growing would leave a copy behind
  const size_t at = line.size();
  line.resize(at + kSeedText);
  EncodeBase64(Base64::kPadded, seed.Expose(), AsMutableBytes(line).subspan(at));
  line += '\n';
  return NewTrailKey{std::move(signer), std::move(line)};
}

absl::StatusOr<NoteSigner> LoadTrailKey(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) {
    if (errno != ENOENT) return TrailError(path, "open");
    return Error(absl::StatusCode::kNotFound, Reason::kAuditUnavailable,
                 "there is no audit signing key at " + path);
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return TrailError(path, "fstat");
  if (info.st_uid != geteuid() && info.st_uid != 0) return Refused(path, "belongs to another user");
  if ((info.st_mode & 077) != 0) return Refused(path, "open to group or others; chmod 600 it");
  Line line;
  const ssize_t n = read(file.get(), line.text.data(), line.text.size());
  if (n < 0) return TrailError(path, "read");
  std::string_view text = AsText(ByteView(line.text).first(static_cast<size_t>(n)));
  const size_t space = text.find(' ', kHeader.size());
  if (!text.starts_with(kHeader) || space == std::string_view::npos ||
      text.size() != space + 1 + kSeedText + 1 || text.back() != '\n') {
    return Refused(path, "is no such key");
  }
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes seed, SecretBytes::Allocate(MaxBase64Bytes(kSeedText)));
  const auto size = DecodeBase64(Base64::kPadded, AsBytes(text.substr(space + 1, kSeedText)),
                                 seed.ExposeMutable());
  if (size != kEd25519Size) return Refused(path, "is no such key");
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes exact,
                            SecretBytes::CopyOf(seed.Expose().first(kEd25519Size)));
  return NoteSigner::Make(text.substr(kHeader.size(), space - kHeader.size()), exact);
}

}  // namespace fieldkms
