// Counts what the calling thread allocates, in the binary that links this.
#ifndef FIELDKMS_TESTS_UNIT_KMS_KEYRING_ALLOCATIONS_H_
#define FIELDKMS_TESTS_UNIT_KMS_KEYRING_ALLOCATIONS_H_

#include <cstddef>

namespace fieldkms::testing {

// How often the calling thread has called operator new.
size_t Allocations();

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_KEYRING_ALLOCATIONS_H_
