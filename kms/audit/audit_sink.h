// AuditSink: the trail of who did what. A call is answered only after its record
// is durable, so a sink that cannot write makes the service unavailable.
#ifndef FIELDKMS_KMS_AUDIT_AUDIT_SINK_H_
#define FIELDKMS_KMS_AUDIT_AUDIT_SINK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "kms/access/peer.h"

namespace fieldkms {

// A record names so many keys at most, so that no batch makes a line of megabytes.
inline constexpr size_t kMaxAuditKeys = 8;

enum class AuditKind : uint8_t {
  kStart,    // the service starts
  kStop,     // the service stops in good order
  kIntent,   // a mutation is about to be tried
  kOutcome,  // a call was carried out, or failed
  kRefusal,  // a call or connection was turned away unread
  kFlood,    // `items` more refusals were not written one by one
  kDropped,  // old records leave the trail, by its retention
  kAlarm,    // records before it look suspicious; `reason` has the rule (kms/watch)
};

// AuditKeys: names of keys or fields, as views. At most kMaxAuditKeys of them.
struct AuditKeys {
  AuditKeys() = default;
  explicit AuditKeys(std::string_view one) : count(one.empty() ? 0 : 1), names{one} {}

  size_t count = 0;
  std::array<std::string_view, kMaxAuditKeys> names;
  bool more = false;  // there were others than these
};

// AuditRecord: one line, as views that are read during Append only. Empty fields
// are left out. It never holds a value: neither plaintext, nor ciphertext, nor
// context.
struct AuditRecord {
  AuditKind kind = AuditKind::kOutcome;
  std::string_view method;      // "CryptoService.Encrypt"
  std::string_view principal;   // empty: not authenticated
  Peer peer;                    // left out if not known
  std::string_view address;     // of a network connection: "ipv4:192.0.2.7:4711"
  std::string_view tenant;      // only where it is a legal id
  AuditKeys keys;               // that the call asked for; legal names only
  AuditKeys destination_keys;   // of rewraps to another key, likewise
  uint32_t key_version = 0;     // that a mutation is about, if it is about one
  std::string_view alias;       // that is set or deleted
  AuditKeys fields;             // that the call asked for; legal names only
  std::string_view shown;       // MaskLevelName: the most that was shown of a value
  std::string_view recipient;   // of an exported key: PublicKeyDigest (crypto/key_import.h)
  std::string_view subject;     // handle of the data subject that the call is about, in hex
  std::string_view job;         // rotation job or schedule that the call is about
  uint32_t items = 0;           // of the call: 1, or of its batch
  uint32_t failed = 0;          // of these
  std::string_view code;        // "OK", "NOT_FOUND", ...
  std::string_view reason;      // ReasonName, the internal one
  std::string_view request_id;  // of mutations, where legal
  std::string_view trace_id;    // of the caller's trace: 32 hex digits
  std::string_view lease_id;    // that is acquired, renewed or ended
  uint64_t used_messages = 0;   // that its holder says to have sealed under it
  uint64_t first_record = 0;    // of those that are dropped, counted from 0
  uint64_t end_record = 0;      // one more than the last of them
};

// AuditWaiter is told when its record is durable. It lives in the call that waits
// (intrusive: no allocation a record) and must stay alive until told.
class AuditWaiter {
 public:
  // OnAudited runs exactly once an Append, on any thread, perhaps before Append
  // returns. It must not block. Not OK, with reason kAuditUnavailable or
  // kOverloaded: the record may be lost, and nothing may be released.
  virtual void OnAudited(const absl::Status& status) = 0;

 protected:
  ~AuditWaiter() = default;

 private:
  friend class JsonlAudit;
  AuditWaiter* next_audited_ = nullptr;
};

class AuditSink {
 public:
  virtual ~AuditSink() = default;
  // Append takes the record, and tells `waiter` (may be null) when it is durable.
  // Thread-safe. Records of one thread keep their order.
  virtual void Append(const AuditRecord& record, AuditWaiter* waiter) = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_AUDIT_SINK_H_
