// The keys of data subjects, within one run: suite 3 of crypto/envelope.h.
#ifndef FIELDKMS_KMS_SERVICE_SUBJECT_KEYS_H_
#define FIELDKMS_KMS_SERVICE_SUBJECT_KEYS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/xaes_gcm.h"
#include "kms/service/call.h"
#include "kms/service/key_finder.h"

namespace fieldkms {

// The subject that an envelope is of; "" for one of another suite, or no envelope.
std::string_view SubjectOfEnvelope(std::string_view envelope);

// What it reads of the store it keeps for the run, and no longer (RunSubjects): who is erased is
// so for every call that begins after. Lives within one run; all of a run share what was read.
class SubjectKeys {
 public:
  SubjectKeys(RunContext& context, std::string_view tenant) : context_(context), tenant_(tenant) {}

  // A subject, by the application's id of it, of which a value is protected as a field.
  struct Use {
    std::string_view subject;
    uint64_t field_id = 0;
  };
  // Ensure makes subjects that are not there, in one call of the store. Blocks. Errors:
  // InvalidField; those of SubjectStore::EnsureSubjects.
  absl::Status Ensure(std::span<const Use> uses);
  // The handle of one; ensures it. "": the run may not block.
  absl::StatusOr<std::string_view> HandleOf(const Use& use);
  // What was read of a subject is forgotten: it was erased meanwhile.
  void Forget(const Use& use);

  // Load reads subjects by their handles, in one call of the store. Blocks.
  absl::Status Load(std::span<const std::string_view> handles);
  // The key of a subject under a version. Null: it must be loaded, and the run may not block.
  // Valid as long as the run. Error: DecryptError(kSubjectErased); those of the store.
  absl::StatusOr<const XaesKey*> KeyFor(std::string_view handle, const KeyFinder::Found& key);

 private:
  absl::Status Keep(const SubjectRecord& record);

  RunContext& context_;
  const std::string_view tenant_;
};

// Loads the subjects of a batch's envelopes at once, where the run may block: `envelope(item)`
// is an item's, or "".
template <class Items, class EnvelopeFunction>
absl::Status LoadSubjects(RunContext& context, std::string_view tenant, const Items& items,
                          const EnvelopeFunction& envelope) {
  if (!context.may_block) return absl::OkStatus();
  std::vector<std::string_view> handles;
  for (const auto& item : items) {
    const std::string_view handle = SubjectOfEnvelope(envelope(item));
    if (!handle.empty()) handles.push_back(handle);
  }
  return handles.empty() ? absl::OkStatus() : SubjectKeys(context, tenant).Load(handles);
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_SUBJECT_KEYS_H_
