// What a clerk may see: never more of a card number than its BIN and last four.
#ifndef FIELDKMS_DEPLOY_SAMPLE_MASK_H_
#define FIELDKMS_DEPLOY_SAMPLE_MASK_H_

#include <string>
#include <string_view>

#include "deploy/sample/customer.h"

namespace fieldkms::sample {

// Mask returns `value` of `column` with its middle hidden. A value that is too
// short or of another shape than the column's is hidden wholly.
std::string Mask(Column column, std::string_view value);

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_MASK_H_
