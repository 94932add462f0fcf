// What a line of a trail says, member by member.
#ifndef FIELDKMS_KMS_AUDIT_RECORD_MEMBERS_H_
#define FIELDKMS_KMS_AUDIT_RECORD_MEMBERS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fieldkms {

// A list has its texts. Numbers of records are not negative, but for what the system gives (a
// process id), which fits both.
using RecordValue = std::variant<std::string, uint64_t, int64_t, bool, std::vector<std::string>>;

// Calls `body` for each member, but for what no record has, such as objects and fractions. Of a
// line that is no record, such as one that a crash has cut off, for none.
void ForEachMember(std::string_view line,
                   const std::function<void(const std::string&, const RecordValue&)>& body);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_RECORD_MEMBERS_H_
