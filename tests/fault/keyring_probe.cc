// What keyring_kill_test kills: the key hierarchy by itself, without a server.
//   keyring_probe change DIR   changes keys with four threads for ever; prints a
//                              line for each change that returned
//   keyring_probe check DIR    reads such lines and says "ok", or what is wrong
// A line: name, version, ciphertext of the name under that version in the text form.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "crypto/envelope.h"
#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/keyring/keyring.h"
#include "kms/root/local_root.h"
#include "kms/store/sqlite_store.h"

namespace fieldkms::fault {
namespace {

constexpr std::string_view kTenant = "acme";
constexpr uint32_t kVersions = 4;  // of each key

struct Hierarchy {
  std::unique_ptr<RootKey> root;
  std::unique_ptr<Store> store;
  std::unique_ptr<Keyring> keyring;
};

absl::StatusOr<Hierarchy> Open(const std::string& dir) {
  Hierarchy h;
  ::mkdir(dir.c_str(), 0700);
  const std::string root_path = dir + "/root.key";
  if (::access(root_path.c_str(), F_OK) != 0) {
    FIELDKMS_RETURN_IF_ERROR(CreateLocalRoot(root_path));
  }
  FIELDKMS_ASSIGN_OR_RETURN(h.root, OpenLocalRoot(root_path));
  FIELDKMS_ASSIGN_OR_RETURN(h.store, OpenSqliteStore(dir + "/store.db", SystemClock()));
  FIELDKMS_ASSIGN_OR_RETURN(h.keyring, Keyring::Open(*h.store, *h.root, SystemClock()));
  FIELDKMS_RETURN_IF_ERROR(
      h.keyring->admin().CreateTenant(kTenant, "tenant-acme", kNoDeadline).status());
  return h;
}

// The name sealed under the key's primary version, which must be `version`.
absl::StatusOr<std::string> SealName(Keyring& keyring, const KeyRecord& record) {
  FIELDKMS_RETURN_IF_ERROR(keyring.LoadByName(kTenant, record.name, kNoDeadline));
  const LoadedKey* const key = keyring.Snapshot().FindByName(kTenant, record.name);
  if (key == nullptr) return absl::InternalError("a change is not in the snapshot");
  uint8_t nonce[kXaesNonceSize];
  FIELDKMS_RETURN_IF_ERROR(FillNonce(nonce));
  FieldSealer sealer(kTenant);
  FIELDKMS_RETURN_IF_ERROR(sealer.SetContext({}));
  std::string envelope;
  const LoadedVersion& primary = *key->Primary();
  FIELDKMS_RETURN_IF_ERROR(sealer.Seal(*primary.As<XaesKey>(),
                                       {.key_id = record.key_id, .version = primary.version}, nonce,
                                       record.name, &envelope));
  return EncodeText(AsBytes(envelope));
}

absl::Status Acknowledge(Keyring& keyring, const absl::StatusOr<KeyRecord>& changed) {
  FIELDKMS_RETURN_IF_ERROR(changed.status());
  FIELDKMS_ASSIGN_OR_RETURN(const std::string sealed, SealName(keyring, *changed));
  const std::string line =
      fmt::format("{} {} {}\n", changed->name, changed->primary_version, sealed);
  const ssize_t n = ::write(STDOUT_FILENO, line.data(), line.size());  // one piece
  return n == static_cast<ssize_t>(line.size()) ? absl::OkStatus()
                                                : absl::UnavailableError("write");
}

absl::Status ChangeOneKey(Keyring& keyring, const std::string& name) {
  KeySpec spec;
  spec.tenant = kTenant;
  spec.name = name;
  FIELDKMS_RETURN_IF_ERROR(
      Acknowledge(keyring, keyring.admin().CreateKey(spec, "create-" + name, kNoDeadline)));
  for (uint32_t version = 1; version < kVersions; ++version) {
    FIELDKMS_RETURN_IF_ERROR(Acknowledge(
        keyring,
        keyring.admin().RotateKey(kTenant, name, version,
                                  fmt::format("rotate-{}-{}", name, version), kNoDeadline)));
  }
  return absl::OkStatus();
}

absl::Status Change(const std::string& dir) {
  FIELDKMS_ASSIGN_OR_RETURN(const Hierarchy h, Open(dir));
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&h, t] {
      for (int i = 0;; ++i) {
        const absl::Status status =
            ChangeOneKey(*h.keyring, fmt::format("p{}-t{}-k{}", ::getpid(), t, i));
        if (status.ok()) continue;
        fmt::print(stderr, "{}\n", status.ToString());
        ::_exit(1);
      }
    });
  }
  threads.clear();
  return absl::OkStatus();
}

absl::Status OpenName(Keyring& keyring, const std::string& name, const std::string& text) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string envelope, DecodeText(text));
  FIELDKMS_ASSIGN_OR_RETURN(const EnvelopeView view, ParseEnvelope(AsBytes(envelope)));
  FIELDKMS_RETURN_IF_ERROR(
      keyring.LoadById(kTenant, view.header.key_id, view.header.version, kNoDeadline));
  const LoadedKey* const key = keyring.Snapshot().FindById(view.header.key_id);
  FieldSealer sealer(kTenant);
  FIELDKMS_RETURN_IF_ERROR(sealer.SetContext({}));
  std::string opened;
  FIELDKMS_RETURN_IF_ERROR(
      sealer.Open(*key->Find(view.header.version)->As<XaesKey>(), view, &opened));
  return opened == name ? absl::OkStatus() : absl::DataLossError("another name");
}

absl::Status Check(const std::string& dir) {
  FIELDKMS_ASSIGN_OR_RETURN(const Hierarchy h, Open(dir));
  std::string name, text;
  uint32_t version = 0;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream(line) >> name >> version >> text;
    if (absl::Status status = OpenName(*h.keyring, name, text); !status.ok()) return status;
    FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key,
                              h.keyring->admin().GetKey(kTenant, name, kNoDeadline));
    if (key.primary_version < version) return absl::DataLossError(name + " went back");
    FIELDKMS_ASSIGN_OR_RETURN(const auto versions, h.keyring->admin().ListKeyVersions(
                                                       kTenant, name, 0, 1000, kNoDeadline));
    if (versions.size() != key.primary_version) return absl::DataLossError(name + " has a gap");
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace fieldkms::fault

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const absl::Status status = std::string_view(argv[1]) == "change"
                                  ? fieldkms::fault::Change(argv[2])
                                  : fieldkms::fault::Check(argv[2]);
  fmt::print("{}\n", status.ok() ? "ok" : status.ToString());
  return status.ok() ? 0 : 1;
}
