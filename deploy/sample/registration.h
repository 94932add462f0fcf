// The columns of customers_protected in the registry of protected columns.
#ifndef FIELDKMS_DEPLOY_SAMPLE_REGISTRATION_H_
#define FIELDKMS_DEPLOY_SAMPLE_REGISTRATION_H_

#include "absl/status/status.h"
#include "deploy/sample/stages.h"

namespace fieldkms::sample {

// RegisterColumns makes schema kms and registers each column with its field, as `fieldkms column
// init` and `fieldkms column add` do. Each gets a binding id, which stands for it for good.
absl::Status RegisterColumns(const Stage& stage);

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_REGISTRATION_H_
