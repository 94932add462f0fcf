// What a worker asks of the service, where it rewraps with leased keys by itself.
#ifndef FIELDKMS_ROTATION_LEASED_CALLS_H_
#define FIELDKMS_ROTATION_LEASED_CALLS_H_

#include <memory>
#include <string>

#include "clients/cpp/client.h"
#include "rotation/service_calls.h"

namespace fieldkms::rotation {

// CallsOf(*client), but that values are rewrapped with leases of the keys of the job (LocalRewrap),
// which are taken when the first value comes. They are given back with the last copy of the calls.
ServiceCalls LeasedCallsOf(std::shared_ptr<Client> client, const std::string& tenant,
                           const std::string& job_id);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_LEASED_CALLS_H_
