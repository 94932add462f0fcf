// ServiceCall: the one wrapper around every call, in this order:
//   limit connection → authenticate → authorise → limit principal →
//   (mutations: durable intent) → run → durable outcome → release.
// A refusal at any step is audited too.
#ifndef FIELDKMS_KMS_SERVICE_CALL_H_
#define FIELDKMS_KMS_SERVICE_CALL_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/field/mask.h"
#include "crypto/secret_bytes.h"
#include "crypto/status.h"
#include "crypto/xaes_gcm.h"
#include "kms/access/access.h"
#include "kms/access/reveal_budget.h"
#include "kms/access/token_bucket.h"
#include "kms/audit/audit_sink.h"
#include "kms/audit/refusal_log.h"
#include "kms/clock.h"
#include "kms/erasure/erasures.h"
#include "kms/fields/field_admin.h"
#include "kms/fields/field_directory.h"
#include "kms/keyring/keyring.h"
#include "kms/observe/call_stats.h"
#include "kms/rotations/rotations.h"
#include "kms/rotations/schedules.h"
#include "kms/rpc/call.h"
#include "kms/service/executor.h"
#include "kms/service/parked_calls.h"
#include "kms/service/replica.h"
#include "kms/service/trouble_log.h"
#include "kms/service/volatile_values.h"

namespace fieldkms {

class SealedTrail;

// ServiceContext: what all calls stand on. Nothing is owned; all of it outlives
// the engine that serves the calls.
struct ServiceContext {
  Keyring& keyring;
  FieldDirectory& fields;
  FieldAdmin& field_admin;
  TokenStore& tokens;
  SubjectStore& subjects;
  Erasures& erasures;  // of both
  VolatileValues& volatile_values;
  Rotations& rotations;
  Schedules& schedules;
  const Authenticator& authenticator;
  const Authorizer& authorizer;
  Limiter& limiter;
  AuditSink& audit;
  RefusalLog& refusals;
  TroubleLog& troubles;
  Executor& executor;
  ParkedCalls& parked;
  const Clock& clock;
  Rate calls_per_connection;
  const Replica& replica;
  const SealedTrail* trail = nullptr;  // that `audit` is, to be read; null: it is none
  std::atomic<bool> draining{false};   // new calls are refused
  CallStats calls = {};
  RevealBudgets* reveals = nullptr;  // of principals that have one; null: nobody has
};

// MethodInfo: what is fixed of an RPC.
struct MethodInfo {
  enum class Kind {
    kInline,    // runs on the queue's thread unless a key must be loaded
    kRead,      // asks the store: runs on the executor
    kMutation,  // the same, after a durable intent; also what gives a key away
  };
  const char* name;  // in the audit trail, "CryptoService.Encrypt"
  Action action;
  Kind kind;
};

// CallPlan: what a request asks for, as far as admission and audit are concerned.
// Views into the request; names are legal ones.
struct CallPlan {
  enum class Scope {
    kTenant,    // the action on `tenant` itself
    kKey,       // the action on `key` of `tenant`
    kAlias,     // the action on the name `alias` of `tenant`, and on `key` if there is one
    kSomeKey,   // on keys or fields of `tenant` that running will find, and authorise
    kField,     // the action on `field` of `tenant`
    kAnywhere,  // on what the caller may see
  };
  Scope scope = Scope::kKey;
  std::string_view tenant;
  std::string_view key;  // as the request names it: with kSomeKey perhaps by an alias
  std::string_view alias;
  std::string_view field;
  uint32_t key_version = 0;  // that a mutation is about
  std::string_view request_id;
  std::string_view lease_id;
  std::string_view job;        // id of a rotation job or a schedule
  uint64_t used_messages = 0;  // as reported with a lease
  uint32_t items = 1;
};

// KeyNames: the first names of a call, each once. Keeps its memory from call to call.
class KeyNames {
 public:
  // A batch notes the key of each item, most often the one of the item before.
  void Note(std::string_view name) {
    if (more_ || (count_ != 0 && names_[last_] == name)) return;
    for (last_ = 0; last_ < count_; ++last_) {
      if (names_[last_] == name) return;
    }
    if (count_ < names_.size()) {
      names_[count_++] = name;
    } else {
      more_ = true;  // and no name is taken any more
    }
  }
  void Reset() {
    count_ = last_ = 0;
    more_ = false;
  }
  bool empty() const { return count_ == 0; }
  // Views that live until the next Note.
  AuditKeys ForAudit() const {
    AuditKeys keys;
    keys.count = count_;
    std::copy_n(names_.begin(), count_, keys.names.begin());
    keys.more = more_;
    return keys;
  }

 private:
  std::array<std::string, kMaxAuditKeys> names_;
  size_t count_ = 0;
  size_t last_ = 0;  // where the last one noted is
  bool more_ = false;
};

// CallOutcome: what running found out for the audit trail.
struct CallOutcome {
  // The keys that the call asked for, allowed or not, by their own names as far as they
  // were found; and of rewraps to another key, those.
  KeyNames keys;
  KeyNames destination_keys;
  KeyNames fields;                 // that a batch asked for
  std::optional<MaskLevel> shown;  // the most that was shown of any value
  // What the plan could not know: the version that was made, leased or exported, under
  // which lease and for whom.
  uint32_t key_version = 0;
  std::string lease_id;
  std::string recipient;
  std::string subject;  // handle of the data subject that the call is about, in hex
  std::string job;      // rotation job or schedule that was made
  uint32_t failed = 0;
  Reason reason = Reason::kUnspecified;  // of the first item that failed
  absl::Status trouble;                  // of the first item that failed for an OperatorReason

  void Reset() {
    keys.Reset();
    destination_keys.Reset();
    fields.Reset();
    shown.reset();
    key_version = 0;
    lease_id.clear();
    recipient.clear();
    subject.clear();
    job.clear();
    failed = 0;
    reason = Reason::kUnspecified;
    trouble = absl::OkStatus();
  }
};

enum class RunState {
  kDone,
  kNeedsIo,  // something must be loaded: run again, from where it stopped, on the executor
  kWaits,    // run again on the executor when what RunContext::wait says has come; of kRead methods
};

// RunKeys: the snapshot of keys that all of a run looks into. The thread has one view, so that
// taking it anew, after a load, ends the life of what anybody found in the one before.
struct RunKeys {
  const KeySnapshot* snapshot = nullptr;  // until the first use
  uint64_t generation = 0;                // how often it was taken anew
  absl::Status down;                      // why the store or the root could not be asked, if so
};

// RunSubjects: what a run has read of data subjects. SubjectKeys' alone.
struct RunSubjects {
  struct Use {
    std::string subject;
    uint64_t field_id = 0;
    friend auto operator<=>(const Use&, const Use&) = default;
  };
  std::map<Use, std::string> handles;
  std::map<std::string, SecretBytes> secrets;  // by handle; empty: it is not there
  std::map<std::tuple<std::string, uint64_t, uint32_t>, XaesKey> keys;  // by handle and version
};

// RunContext: what a method runs with.
struct RunContext {
  ServiceContext& service;
  const Principal& who;
  std::chrono::steady_clock::time_point now;  // when the run began
  Deadline deadline;
  bool may_block;
  CallOutcome& outcome;
  Wait wait = {};
  RunKeys keys = {};  // KeyFinder's
  RunSubjects subjects = {};
};

// The refusal of what no role allows.
absl::Status PermissionDenied();

// Part of each pooled call (see method_call.h). No allocation a call.
class ServiceCall : private AuditWaiter, private Task {
 protected:
  // `method`: MethodInfo::name of its calls.
  ServiceCall(ServiceContext& service, std::string_view method)
      : service_(service), stats_(service.calls.Of(method)) {}
  ~ServiceCall() = default;

  // Takes a request from its arrival to its answer.
  void Begin(Call& rpc);
  // Whether the call got through admission.
  bool Admitted() const { return admitted_; }

  // The method's part. Describe checks the request's form; Run carries it out.
  virtual const MethodInfo& Info() const = 0;
  // Why the request could not be read, if so.
  virtual absl::Status Readable() const = 0;
  virtual absl::Status Describe(CallPlan* plan) = 0;
  virtual absl::StatusOr<RunState> Run(RunContext& context) = 0;
  // Makes sure that nothing of the response leaves.
  virtual void DropResponse() = 0;

 private:
  enum class Stage { kIntent, kAnswer };

  // Admission: the steps before a call runs.
  absl::Status Admit(std::chrono::steady_clock::time_point now);
  absl::Status LimitConnection(std::chrono::steady_clock::time_point now);
  absl::Status Authorise() const;
  absl::Status ChargeReveals(std::chrono::steady_clock::time_point now);
  void Refuse(const absl::Status& status);

  void RunInline(std::chrono::steady_clock::time_point now);
  RunContext ContextOf(std::chrono::steady_clock::time_point now, bool may_block);
  void RunTask() override;  // on the executor
  void ParkOrFail(const Wait& wait);
  void SubmitOrFail();
  void Complete(const absl::Status& status);
  void OnAudited(const absl::Status& audited) override;

  AuditRecord Record(AuditKind kind) const;
  AuditRecord AnswerRecord(AuditKind kind, const absl::Status& status) const;

  void Count();

  ServiceContext& service_;
  MethodStats& stats_;
  std::chrono::steady_clock::time_point begun_;
  Call* rpc_ = nullptr;
  const Principal* who_ = nullptr;
  CallPlan plan_;
  CallOutcome outcome_;
  Stage stage_ = Stage::kAnswer;
  bool admitted_ = false;
  absl::Status answer_;
  std::chrono::nanoseconds retry_after_{};
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_CALL_H_
