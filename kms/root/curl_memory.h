// libcurl, set up once for the process.
#ifndef FIELDKMS_KMS_ROOT_CURL_MEMORY_H_
#define FIELDKMS_KMS_ROOT_CURL_MEMORY_H_

#include "absl/status/status.h"

namespace fieldkms {

// InitCurl sets libcurl up, with an allocator that wipes memory before it is freed:
// libcurl copies headers and bodies, and tokens and keys are among them. Where another
// library in the process was first, its allocator stays. Thread-safe, any number of
// times. Error: kInternal.
absl::Status InitCurl();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_CURL_MEMORY_H_
