// The key that signs a trail's checkpoints: a file of mode 0600, made once, one line:
//   fieldkms-audit-key-1 ORIGIN BASE64
// ORIGIN names the log and the key; BASE64 is an Ed25519 private key. Who can read it can sign
// another history: it tells of changes by who cannot. Against the others there are anchors.
#ifndef FIELDKMS_KMS_AUDIT_TRAIL_KEY_H_
#define FIELDKMS_KMS_AUDIT_TRAIL_KEY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/merkle/note_key.h"

namespace fieldkms {

// A key that is nowhere yet.
struct NewTrailKey {
  NoteSigner signer;
  std::string line;  // of its file; WipeString it
};

// MakeTrailKey makes a key for a new log, whose name has 128 random bits. Error: kCryptoFailure.
absl::StatusOr<NewTrailKey> MakeTrailKey();

// LoadTrailKey reads the file. Errors: kNotFound, kAuditUnavailable; kUnavailable for one that
// cannot be read, that is open to others (the message says `chmod 600`), or that is none.
absl::StatusOr<NoteSigner> LoadTrailKey(const std::string& path);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_TRAIL_KEY_H_
