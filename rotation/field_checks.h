// Whether the fields of a job's columns can do what its work takes.
#ifndef FIELDKMS_ROTATION_FIELD_CHECKS_H_
#define FIELDKMS_ROTATION_FIELD_CHECKS_H_

#include <span>
#include <string>

#include "absl/status/status.h"
#include "rotation/service_calls.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

// CheckFields asks the service for each field of `tables` once. `key`: the own name of the key that
// the job is about. Errors: kFailedPrecondition, kFieldPolicy, naming field and table, where
//   kEncrypt: the field seals under another key;
//   kReindex: it has no blind index, or one of another key;
//   kRetokenize: it makes no format-preserving text, or under another key;
//   kEncrypt, kRetokenize: it makes tokens, of which each run of the job would leave some behind
//   that nobody knows;
// and those of the service. Of other works, and of columns without a field, nothing is asked.
absl::Status CheckFields(std::span<const TablePlan> tables, const std::string& tenant,
                         const std::string& key, const ServiceCalls& calls);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_FIELD_CHECKS_H_
