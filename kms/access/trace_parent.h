// The header "traceparent" of W3C Trace Context, by which a call is told apart in the traces of all
// programs that it went through: https://www.w3.org/TR/trace-context/#traceparent-header.
#ifndef FIELDKMS_KMS_ACCESS_TRACE_PARENT_H_
#define FIELDKMS_KMS_ACCESS_TRACE_PARENT_H_

#include <string_view>

namespace fieldkms {

// The trace id: 32 lower-case hex digits, not all zero. "" of what is no such header: then a call
// has none, as the standard has it. Of versions to come the beginning is read, as it asks for.
std::string_view TraceIdOf(std::string_view header);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_TRACE_PARENT_H_
