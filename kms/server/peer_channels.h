// Peers over gRPC: the sockets of other replicas on this machine. They know this replica as the
// user that it runs as, who needs field.detokenize and field.erase there.
#ifndef FIELDKMS_KMS_SERVER_PEER_CHANNELS_H_
#define FIELDKMS_KMS_SERVER_PEER_CHANNELS_H_

#include <memory>
#include <string>
#include <vector>

#include "fieldkms/v1/field_service.grpc.pb.h"
#include "kms/service/peers.h"

namespace fieldkms {

class PeerChannels final : public Peers {
 public:
  // Paths of sockets. Connects when first used.
  explicit PeerChannels(const std::vector<std::string>& sockets);

  absl::Status Detokenize(const PeerToken& token, Deadline deadline, std::string* value) override;
  absl::StatusOr<uint64_t> Erase(const PeerToken& token, Deadline deadline) override;

 private:
  std::vector<std::unique_ptr<v1::FieldService::Stub>> peers_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_PEER_CHANNELS_H_
