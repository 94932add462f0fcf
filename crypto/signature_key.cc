#include "crypto/signature_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

enum class Family { kRsa, kPss, kEc, kEd25519 };

struct Info {
  SignatureAlgorithm algorithm;
  std::string_view name;
  Family family;
  const char* digest;      // null: the algorithm has its own
  const char* group;       // of kEc
  size_t coordinate_size;  // of kEc
};
constexpr std::array kInfos = {
    Info{SignatureAlgorithm::kRs256, "RS256", Family::kRsa, "SHA256", nullptr, 0},
    Info{SignatureAlgorithm::kRs384, "RS384", Family::kRsa, "SHA384", nullptr, 0},
    Info{SignatureAlgorithm::kRs512, "RS512", Family::kRsa, "SHA512", nullptr, 0},
    Info{SignatureAlgorithm::kPs256, "PS256", Family::kPss, "SHA256", nullptr, 0},
    Info{SignatureAlgorithm::kPs384, "PS384", Family::kPss, "SHA384", nullptr, 0},
    Info{SignatureAlgorithm::kPs512, "PS512", Family::kPss, "SHA512", nullptr, 0},
    Info{SignatureAlgorithm::kEs256, "ES256", Family::kEc, "SHA256", "prime256v1", 32},
    Info{SignatureAlgorithm::kEs384, "ES384", Family::kEc, "SHA384", "secp384r1", 48},
    Info{SignatureAlgorithm::kEdDsa, "EdDSA", Family::kEd25519, nullptr, nullptr, 0},
};

const Info& InfoOf(SignatureAlgorithm algorithm) {
  return *std::find_if(kInfos.begin(), kInfos.end(),
                       [&](const Info& info) { return info.algorithm == algorithm; });
}

constexpr int kMinRsaBits = 2'048;
constexpr int kMaxRsaBits = 8'192;  // a longer one would take milliseconds a signature

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BigNumber = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using PkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;

BigNumber Number(ByteView bytes) {
  return BigNumber(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

// Null if OpenSSL takes it for no key.
EVP_PKEY* PkeyFrom(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || ctx == nullptr || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
      EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return key;
}

// DER of a signature R ‖ S; empty if it is none.
std::vector<uint8_t> EcdsaDer(ByteView signature) {
  const size_t half = signature.size() / 2;
  BigNumber r = Number(signature.first(half));
  BigNumber s = Number(signature.subspan(half));
  const EcdsaSignature parts(ECDSA_SIG_new());
  if (r == nullptr || s == nullptr || parts == nullptr) return {};
  ECDSA_SIG_set0(parts.get(), r.release(), s.release());
  std::vector<uint8_t> der(static_cast<size_t>(std::max(i2d_ECDSA_SIG(parts.get(), nullptr), 0)));
  uint8_t* end = der.data();
  if (!der.empty()) i2d_ECDSA_SIG(parts.get(), &end);
  return der;
}

bool SetPadding(const Info& info, EVP_PKEY_CTX* ctx) {
  if (info.family != Family::kPss) return true;
  return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool VerifyWith(const Info& info, EVP_PKEY* key, ByteView message, ByteView signature) {
  const EvpMdCtx ctx(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_ctx = nullptr;  // owned by ctx
  return ctx != nullptr &&
         EVP_DigestVerifyInit_ex(ctx.get(), &key_ctx, info.digest, nullptr, nullptr, key,
                                 nullptr) == 1 &&
         SetPadding(info, key_ctx) &&
         EVP_DigestVerify(ctx.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace

std::string_view SignatureAlgorithmName(SignatureAlgorithm algorithm) {
  return InfoOf(algorithm).name;
}

std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(std::string_view name) {
  for (const Info& info : kInfos) {
    if (info.name == name) return info.algorithm;
  }
  return std::nullopt;
}

void SignatureKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

absl::StatusOr<SignatureKey> SignatureKey::Make(SignatureAlgorithm algorithm, evp_pkey_st* key,
                                                std::string_view member) {
  if (key != nullptr) return SignatureKey(algorithm, Pkey(key));
  ERR_clear_error();
  return InvalidField(member, "makes no key of its kind");
}

absl::StatusOr<SignatureKey> SignatureKey::Rsa(SignatureAlgorithm algorithm, ByteView n,
                                               ByteView e) {
  const Family family = InfoOf(algorithm).family;
  if (family != Family::kRsa && family != Family::kPss) {
    return InvalidField("alg", "is none of RSA keys");
  }
  const BigNumber modulus = n.size() <= kMaxRsaBits / 8 + 1 ? Number(n) : nullptr;
  if (modulus == nullptr || BN_num_bits(modulus.get()) < kMinRsaBits ||
      BN_num_bits(modulus.get()) > kMaxRsaBits || BN_is_odd(modulus.get()) == 0) {
    return InvalidField("n", "must be an RSA modulus of 2,048 to 8,192 bits");
  }
  const BigNumber exponent = e.size() <= 8 ? Number(e) : nullptr;
  if (exponent == nullptr || BN_num_bits(exponent.get()) > 32 || BN_is_odd(exponent.get()) == 0 ||
      BN_is_one(exponent.get()) == 1) {
    return InvalidField("e", "must be an odd number from 3 to 2^32");
  }
  const Builder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return CryptoFailure("building an RSA key");
  }
  return Make(algorithm, PkeyFrom("RSA", builder.get()), "n");
}

absl::StatusOr<SignatureKey> SignatureKey::Ec(SignatureAlgorithm algorithm, ByteView x,
                                              ByteView y) {
  const Info& info = InfoOf(algorithm);
  if (info.family != Family::kEc) return InvalidField("alg", "is none of EC keys");
  if (x.size() != info.coordinate_size) return InvalidField("x", "has not the curve's length");
  if (y.size() != info.coordinate_size) return InvalidField("y", "has not the curve's length");
  std::vector<uint8_t> point = {POINT_CONVERSION_UNCOMPRESSED};
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  const Builder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, info.group, 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return CryptoFailure("building an EC key");
  }
  // OpenSSL refuses what is not on the curve.
  return Make(algorithm, PkeyFrom("EC", builder.get()), "x");
}

absl::StatusOr<SignatureKey> SignatureKey::Ed25519(ByteView x) {
  if (x.size() != 32) return InvalidField("x", "must have 32 bytes");
  return Make(SignatureAlgorithm::kEdDsa,
              EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, x.data(), x.size()), "x");
}

bool SignatureKey::Verify(ByteView message, ByteView signature) const {
  const Info& info = InfoOf(algorithm_);
  bool verified = false;
  if (info.family == Family::kEc) {
    if (signature.size() != 2 * info.coordinate_size) return false;
    const std::vector<uint8_t> der = EcdsaDer(signature);
    verified = !der.empty() && VerifyWith(info, key_.get(), message, der);
  } else {
    verified = VerifyWith(info, key_.get(), message, signature);
  }
  if (!verified) ERR_clear_error();
  return verified;
}

}  // namespace fieldkms
