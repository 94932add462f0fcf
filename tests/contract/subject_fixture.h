// Data subjects for tests of SubjectStore (kms/store/subject_store.h).
#ifndef FIELDKMS_TESTS_CONTRACT_SUBJECT_FIXTURE_H_
#define FIELDKMS_TESTS_CONTRACT_SUBJECT_FIXTURE_H_

#include <gmock/gmock.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kms/store/store.h"
#include "tests/contract/record_matchers.h"
#include "tests/contract/token_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {

// A use of a subject that, if it is new, has a handle and a secret as no other.
inline SubjectUse Use(std::string_view subject, WallTime now, uint64_t field_id = 7) {
  static std::atomic<uint64_t> drawn = 0;
  std::string number = std::to_string(++drawn);
  number.insert(0, kSubjectHandleSize - number.size(), '\xff');
  SubjectUse use;
  use.fresh.subject = subject;
  use.fresh.handle = number;
  use.fresh.secret = number + std::string("\0secret of 16 by", kSubjectHandleSize);
  use.fresh.create_time = now;
  use.field_id = field_id;
  return use;
}

// The subject as it is there; a test that cannot have it has failed.
inline SubjectRecord HaveSubject(Store& store, std::string_view tenant, std::string_view subject,
                                 WallTime now, uint64_t field_id = 7) {
  const std::vector<SubjectUse> uses = {Use(subject, now, field_id)};
  const auto made = store.subjects().EnsureSubjects(tenant, uses, kNoDeadline);
  EXPECT_OK(made);
  return made.ok() ? made->at(0) : SubjectRecord();
}
inline SubjectRecord WithoutSecret(SubjectRecord subject) {
  subject.secret.clear();
  return subject;
}
inline TokenRecord Of(const SubjectRecord& subject, TokenRecord token) {
  token.subject = subject.handle;
  return token;
}
inline LegalHold Hold(WallTime time) { return {"court, case 7", time}; }

inline auto NoSubject() { return StatusIs(absl::StatusCode::kNotFound, Reason::kSubjectNotFound); }
inline auto OnHold() { return StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kLegalHold); }

inline std::vector<std::string> NamesOf(const std::vector<SubjectRecord>& subjects) {
  std::vector<std::string> names;
  for (const SubjectRecord& subject : subjects) names.push_back(subject.subject);
  return names;
}

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_CONTRACT_SUBJECT_FIXTURE_H_
