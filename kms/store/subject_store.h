// SubjectStore keeps data subjects: persons (GDPR Art. 4(1)) whose values are erased as one. Of
// each it keeps a small secret without which no ciphertext of the subject opens (suite 3 of
// crypto/FORMAT.md); whoever has the secret alone can open nothing.
//
// Contract of every implementation (tests/contract/subject_*_test.cc), beside that of TokenStore:
// - A subject belongs to a tenant; its id is the application's own, opaque, and goes with it. One
//   that is made again under the id of an erased one is another, with another handle.
// - Tokens of a subject (TokenRecord::subject) go with it, in the same transaction. No token of
//   a subject that is not there can be put.
// - Erasing overwrites what it can, as for tokens. SQLite also searches its file for the secrets
//   that it erased, and writes it anew where it finds one, as for destroyed versions of keys
//   (kms/store/sqlite_store.h): an erasure reads the whole file.
// - A subject on legal hold is not erased, nor are its tokens (EraseScope). Tokens of it expire,
//   and single-use ones are used, all the same. Once SetHold has returned OK, no erasure takes the
//   subject or a token of it any more: one that was under way is done by then, or finds the hold.
// - A frozen store is read; it takes no write.
// - A tenant that is not there has no subjects.
// - Errors: those of TokenStore; kNotFound, kSubjectNotFound; kFailedPrecondition, kLegalHold.
//   After kUnavailable from Erase… it may have happened: a repeat says kSubjectNotFound, or counts
//   nothing, then.
#ifndef FIELDKMS_KMS_STORE_SUBJECT_STORE_H_
#define FIELDKMS_KMS_STORE_SUBJECT_STORE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/token_store.h"

namespace fieldkms {

inline constexpr size_t kMaxSubjectId = 256;
inline constexpr size_t kSubjectHandleSize = 16;
inline constexpr size_t kSubjectSecretSize = 32;
inline constexpr size_t kMaxHoldReason = 1'024;

// Why a subject may not be erased now.
struct LegalHold {
  std::string reason;  // 1 to kMaxHoldReason bytes; opaque
  WallTime time;       // since when
  friend bool operator==(const LegalHold&, const LegalHold&) = default;
};

struct SubjectRecord {
  std::string subject;  // 1 to kMaxSubjectId bytes, any
  std::string handle;   // kSubjectHandleSize bytes, random
  std::string secret;   // kSubjectSecretSize bytes, random
  WallTime create_time;
  std::optional<LegalHold> hold;
  friend bool operator==(const SubjectRecord&, const SubjectRecord&) = default;
};

// A subject with all that goes with it but its tokens.
struct WholeSubject {
  SubjectRecord subject;
  std::vector<uint64_t> field_ids;  // that its values were protected as, ascending, each once
  friend bool operator==(const WholeSubject&, const WholeSubject&) = default;
};

// A subject of which a value is about to be protected as a field.
struct SubjectUse {
  SubjectRecord fresh;    // what it is to be if it is not there; without a hold
  uint64_t field_id = 0;  // noted with the subject; never 0
};

struct ErasedSubject {
  SubjectRecord subject;            // without its secret
  uint64_t tokens = 0;              // that went with it
  std::vector<uint64_t> field_ids;  // that its values were protected as, ascending
};

// Checks what every backend asks. Errors: InvalidField.
absl::Status CheckSubjectUse(const SubjectUse& use);
absl::Status CheckWholeSubject(const WholeSubject& whole);
absl::Status CheckLegalHold(const LegalHold& hold);
absl::Status CheckErasureNumber(uint64_t number);  // up to 2^63 - 1

// Thread-safe, as the store that it is part of.
class SubjectStore {
 public:
  virtual ~SubjectStore() = default;

  // EnsureSubjects makes those that are not there and notes the fields, all at once, and returns
  // each as it is there, in the order of `uses`. A subject may stand several times in a call: the
  // first `fresh` counts. Writes nothing, and waits for nobody, where all is there: also in a
  // frozen store. Any number of uses; the service allows 10,000 a call. Errors: kTenantNotFound;
  // InvalidField; kInternal for a handle that is another's; kUnavailable, kStoreUnavailable, also
  // where others erase the same subjects all the time.
  virtual absl::StatusOr<std::vector<SubjectRecord>> EnsureSubjects(
      std::string_view tenant, std::span<const SubjectUse> uses, Deadline deadline) = 0;
  // By their handles, in their order; nullopt for one that is not there.
  virtual absl::StatusOr<std::vector<std::optional<SubjectRecord>>> GetSubjects(
      std::string_view tenant, std::span<const std::string_view> handles, Deadline deadline) = 0;

  // What follows leaves out the secret. FindSubject: kSubjectNotFound. ListSubjects: after the
  // id `after` ("" for the first), in byte order.
  virtual absl::StatusOr<SubjectRecord> FindSubject(std::string_view tenant,
                                                    std::string_view subject,
                                                    Deadline deadline) = 0;
  virtual absl::StatusOr<std::vector<SubjectRecord>> ListSubjects(std::string_view tenant,
                                                                  std::string_view after,
                                                                  size_t limit,
                                                                  Deadline deadline) = 0;
  // The fields that values of it were protected as, ascending.
  virtual absl::StatusOr<std::vector<uint64_t>> ListSubjectFields(std::string_view tenant,
                                                                  std::string_view handle,
                                                                  Deadline deadline) = 0;
  // Its tokens after (field id, token), in the order of these as unsigned number and bytes;
  // {0, ""} for the first. Without sealed bytes. An expired one is not there.
  virtual absl::StatusOr<std::vector<PlacedToken>> ListSubjectTokens(std::string_view tenant,
                                                                     std::string_view handle,
                                                                     const TokenPlace& after,
                                                                     size_t limit, WallTime now,
                                                                     Deadline deadline) = 0;

  // SetHold puts a hold on a subject, in the place of one that is there, or takes it away. Returns
  // the subject as it is then, without its secret. Errors: kSubjectNotFound; InvalidField.
  virtual absl::StatusOr<SubjectRecord> SetHold(std::string_view tenant, std::string_view subject,
                                                const std::optional<LegalHold>& hold,
                                                Deadline deadline) = 0;
  // EraseSubject takes one away with its tokens and its fields. It may have a handle other than
  // `handle` by now: then kSubjectNotFound. On hold: kLegalHold, and nothing is changed.
  virtual absl::StatusOr<ErasedSubject> EraseSubject(std::string_view tenant,
                                                     std::string_view subject,
                                                     std::string_view handle,
                                                     Deadline deadline) = 0;
  // Takes away, whether on hold or not, those that are there, with their tokens: for erasures that
  // were done before and came undone with a restored store. Returns how many subjects.
  virtual absl::StatusOr<uint64_t> EraseAgain(std::string_view tenant,
                                              std::span<const std::string_view> handles,
                                              Deadline deadline) = 0;

  // How far the erasures of a log outside the store (named by 16 random bytes) are done here:
  // the last MarkErased, 0 without one. MarkErased never goes back.
  using LogId = std::array<uint8_t, 16>;
  virtual absl::StatusOr<uint64_t> ErasedUpTo(const LogId& log, Deadline deadline) = 0;
  virtual absl::Status MarkErased(const LogId& log, uint64_t number, Deadline deadline) = 0;

  // All of them, in the order of the logs' bytes.
  struct ErasureMark {
    LogId log = {};
    uint64_t number = 0;
    friend bool operator==(const ErasureMark&, const ErasureMark&) = default;
  };
  virtual absl::StatusOr<std::vector<ErasureMark>> ErasureMarks(Deadline deadline) = 0;

  // Whether there is any subject of any tenant.
  virtual absl::StatusOr<bool> HasSubjects(Deadline deadline) = 0;

  // What follows is for copies of a store alone (kms/backup): no request of a client comes here.
  //
  // ScanSubjects: those after the id `after` ("" for the first), in byte order, with their secrets.
  virtual absl::StatusOr<std::vector<WholeSubject>> ScanSubjects(std::string_view tenant,
                                                                 std::string_view after,
                                                                 size_t limit,
                                                                 Deadline deadline) = 0;
  // CopySubjects writes them as they are, all or none. What stands in the way of one, by its id or
  // its handle, is taken away with its tokens and fields. Any number, each id and handle once.
  // Errors: kTenantNotFound; InvalidField; kInternal where two of them are in the way of each
  // other.
  virtual absl::Status CopySubjects(std::string_view tenant, std::span<const WholeSubject> subjects,
                                    Deadline deadline) = 0;
  // DropSubjects takes subjects away with their tokens and fields, `limit` at most, whether on hold
  // or not; and returns how many subjects: 0 when there are none. Of a store that serves nobody.
  // SQLite does not search its file for their secrets now, but with the next erasure, or when it is
  // opened again.
  virtual absl::StatusOr<uint64_t> DropSubjects(std::string_view tenant, size_t limit,
                                                Deadline deadline) = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SUBJECT_STORE_H_
