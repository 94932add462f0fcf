// Bearer tokens, from a file that holds no token: lines of 64 hex digits, the SHA-256 of a token,
// and the identity that it proves. Make a token with `openssl rand -hex 32`: it must be too long
// to be guessed, for nothing makes its hash slow.
#ifndef FIELDKMS_SQL_SHIM_TOKENS_H_
#define FIELDKMS_SQL_SHIM_TOKENS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/sha256.h"

namespace fieldkms::shim {

// 1 to 64 of [A-Za-z0-9._-].
bool IsTokenIdentity(std::string_view name);

struct TokenEntry {
  std::array<uint8_t, kSha256Size> hash;
  std::string identity;
};

// Error: kInvalidArgument, kConfigInvalid, with the line.
absl::StatusOr<std::vector<TokenEntry>> ParseTokens(std::string_view text);

// Thread-safe.
class Tokens {
 public:
  // Takes the place of what is known. Error: as ParseTokens and ReadTrustedFile; what is known
  // stays then. A file that others may read is taken: hashes of long tokens give nothing away.
  absl::Status Load(const std::string& path);

  // The identity of a token, or "". Takes as long for any token of one length: all hashes are
  // compared, each in constant time.
  std::string IdentityOf(std::string_view token) const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const std::vector<TokenEntry>> entries_ =
      std::make_shared<const std::vector<TokenEntry>>();
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_TOKENS_H_
