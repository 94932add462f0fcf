// LocalCrypto over doubles of service and clock.
#ifndef FIELDKMS_TESTS_UNIT_CLIENTS_CPP_LOCAL_CRYPTO_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_CLIENTS_CPP_LOCAL_CRYPTO_FIXTURE_H_

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "clients/cpp/local_crypto.h"
#include "crypto/envelope.h"
#include "crypto/random.h"
#include "crypto/secret_bytes.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/clients/cpp/fake_leases.h"

namespace fieldkms::testing {

inline const std::array<ContextEntry, 2> kPlace = {ContextEntry{"pk", "1"}, {"b", "0042"}};
inline const std::array<ContextEntry, 1> kOtherPlace = {ContextEntry{"pk", "2"}};

inline absl::Status Unreachable() {
  return Error(absl::StatusCode::kUnavailable, Reason::kUnspecified, "connection refused");
}
inline absl::Status Refused(Reason reason) {
  const bool denied = reason == Reason::kPermissionDenied;
  return Error(denied ? absl::StatusCode::kPermissionDenied : absl::StatusCode::kFailedPrecondition,
               reason, "refused");
}

class LocalCryptoTest : public ::testing::Test {
 protected:
  // Before the first use, where the options are others.
  void Start(LocalCryptoOptions options = {}) {
    local_.reset();  // the clock knows one that sleeps
    local_ =
        LocalCrypto::Create(std::make_unique<FakeTransport>(service_), clock_, std::move(options))
            .value();
    key_ = local_->Key("acme", "k").value();
  }
  // Time passes, and LocalCrypto has done what there is to do.
  void Pass(std::chrono::nanoseconds time) {
    clock_.Advance(time);
    clock_.AwaitSleep();
  }
  std::string Seal(std::string_view value = "4111", LocalKey* key = nullptr) {
    std::string sealed;
    EXPECT_OK((key == nullptr ? key_ : key)->Encrypt(kPlace, value, &sealed));
    return sealed;
  }
  absl::Status TrySeal() {
    std::string sealed = "left over";
    absl::Status status = key_->Encrypt(kPlace, "4111", &sealed).status();
    EXPECT_EQ(sealed.empty(), !status.ok());
    return status;
  }
  absl::StatusOr<std::string> Open(std::string_view sealed, LocalKey* key = nullptr) {
    std::string value = "left over";
    const auto version = (key == nullptr ? key_ : key)->Decrypt(kPlace, sealed, &value);
    if (version.ok()) return value;
    EXPECT_TRUE(value.empty());
    return version.status();
  }
  // The value, or the reason why there is none.
  std::string Opened(std::string_view sealed, LocalKey* key = nullptr) {
    const absl::StatusOr<std::string> value = Open(sealed, key);
    return value.ok() ? *value : std::string(ReasonName(ReasonOf(value.status())));
  }
  // What the service seals under a version.
  std::string SealedByTheService(uint32_t version, std::string_view tenant = "acme") {
    FieldSealer sealer(tenant);
    auto place = kPlace;
    EXPECT_OK(sealer.SetContext(place));
    std::array<uint8_t, kXaesNonceSize> nonce;
    EXPECT_OK(FillNonce(nonce));
    std::string sealed;
    EXPECT_OK(sealer.Seal(KeyOf(version),
                          {static_cast<Suite>(service_.suite), service_.key_id, version}, nonce,
                          "4111", &sealed));
    return sealed;
  }
  XaesKey KeyOf(uint32_t version) {
    SecretBytes material = SecretBytes::CopyOf(AsBytes(service_.Material(version))).value();
    return XaesKey::Create(std::move(material)).value();
  }
  // Bytes of key material that are held.
  size_t Held() const { return GetSecretMemoryStats().in_use - before_; }

  const size_t before_ = GetSecretMemoryStats().in_use;
  FakeEnvironment clock_;
  FakeLeases service_;
  std::unique_ptr<LocalCrypto> local_;
  LocalKey* key_ = nullptr;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_CLIENTS_CPP_LOCAL_CRYPTO_FIXTURE_H_
