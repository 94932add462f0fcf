#include "kms/root/pkcs11_wrap.h"

#include <algorithm>
#include <array>
#include <span>

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "crypto/status.h"
#include "kms/root/pkcs11_error.h"
#include "kms/root/pkcs11_transform.h"

namespace fieldkms {
namespace {

constexpr size_t kIvSize = 12;
constexpr size_t kTagSize = 16;
constexpr std::string_view kDomain = "fieldkms/root/pkcs11/1";

// Of PKCS#11 3.0, not in the header.
constexpr CK_MECHANISM_TYPE kAesKeyWrapKwp = 0x210b;

using Iv = std::array<uint8_t, kIvSize>;

// The prefix has one length, so what follows it needs none.
std::string Bound(std::string_view context) { return std::string(kDomain) + std::string(context); }

CK_MECHANISM_TYPE MechanismOf(Pkcs11Format format) {
  switch (format) {
    case Pkcs11Format::kAesGcm:
      return CKM_AES_GCM;
    case Pkcs11Format::kKeyWrapKwp:
      return kAesKeyWrapKwp;
    case Pkcs11Format::kKeyWrapPad:
      break;
  }
  return CKM_AES_KEY_WRAP_PAD;
}

std::span<const Pkcs11Format> FormatsOf(Pkcs11Wrapping wrapping) {
  static constexpr std::array kAll = {Pkcs11Format::kAesGcm, Pkcs11Format::kKeyWrapKwp,
                                      Pkcs11Format::kKeyWrapPad};
  const std::span<const Pkcs11Format> all = kAll;
  switch (wrapping) {
    case Pkcs11Wrapping::kAesGcm:
      return all.first(1);
    case Pkcs11Wrapping::kAesKeyWrap:
      return all.subspan(1);
    case Pkcs11Wrapping::kAuto:
      break;
  }
  return all;
}

// Nothing where the mechanism is not offered; an error where the token is lost.
absl::StatusOr<std::optional<Pkcs11Scheme>> SchemeFor(Pkcs11Session& session, Pkcs11Format format,
                                                      const std::optional<Pkcs11Usage>& usage) {
  CK_MECHANISM_INFO info;
  const CK_RV rv =
      session.functions().C_GetMechanismInfo(session.slot(), MechanismOf(format), &info);
  if (FaultOf(rv) == Pkcs11Fault::kLost) return session.Check(rv, "C_GetMechanismInfo");
  if (rv != CKR_OK) return std::nullopt;
  const auto offers = [&](CK_FLAGS flags) { return (info.flags & flags) == flags; };
  if (offers(CKF_ENCRYPT | CKF_DECRYPT) && (!usage || usage->crypt)) {
    return Pkcs11Scheme{format, true};
  }
  // Wrapping takes no context, so it is not for GCM.
  if (format != Pkcs11Format::kAesGcm && offers(CKF_WRAP | CKF_UNWRAP) && (!usage || usage->wrap)) {
    return Pkcs11Scheme{format, false};
  }
  return std::nullopt;
}

CK_GCM_PARAMS GcmParams(Iv& iv, const std::string& aad) {
  CK_GCM_PARAMS params = {};
  params.pIv = iv.data();
  params.ulIvLen = iv.size();
  params.ulIvBits = iv.size() * 8;
  // Only read.
  params.pAAD = const_cast<CK_BYTE*>(AsBytes(aad).data());
  params.ulAADLen = aad.size();
  params.ulTagBits = kTagSize * 8;
  return params;
}

absl::StatusOr<std::string> SealGcm(Pkcs11Session& session, CK_OBJECT_HANDLE root,
                                    bool iv_from_token, ByteView key, std::string_view context) {
  const std::string aad = Bound(context);
  Iv iv = {};
  if (!iv_from_token) FIELDKMS_RETURN_IF_ERROR(RandomBytes(iv));
  CK_GCM_PARAMS params = GcmParams(iv, aad);
  Pkcs11Transform gcm{session, root, {CKM_AES_GCM, &params, sizeof params}};
  FIELDKMS_ASSIGN_OR_RETURN(const std::string sealed, gcm.Encrypt(key));
  // The token has the last word on the IV: what it left in its place was used.
  if (iv == Iv{}) return Pkcs11Misfit("the token makes no IV of its own: do not ask it for one");
  return std::string(AsText(iv)) + sealed;
}

absl::StatusOr<SecretBytes> OpenGcm(Pkcs11Session& session, CK_OBJECT_HANDLE root, ByteView body,
                                    std::string_view context) {
  if (body.size() <= kIvSize + kTagSize) return RootWrongKey();
  const std::string aad = Bound(context);
  Iv iv;
  std::copy_n(body.begin(), kIvSize, iv.begin());
  CK_GCM_PARAMS params = GcmParams(iv, aad);
  Pkcs11Transform gcm{session, root, {CKM_AES_GCM, &params, sizeof params}};
  return gcm.Decrypt(body.subspan(kIvSize));
}

// A mechanism that takes no context wraps size(1) ‖ key ‖ SHA-256(domain ‖ context) ‖
// salt. The salt, since key wrap is deterministic; to a multiple of its blocks of 8
// bytes, since there are tokens that leave its padding on what they unwrap.
constexpr size_t kMinSalt = 16;
constexpr size_t kBlock = 8;
constexpr size_t BoundSize(size_t key_size) {
  return (1 + key_size + kSha256Size + kMinSalt + kBlock - 1) / kBlock * kBlock;
}

absl::StatusOr<SecretBytes> BindToContext(ByteView key, std::string_view context) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto digest, Sha256(AsBytes(Bound(context))));
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes bound, SecretBytes::Allocate(BoundSize(key.size())));
  const MutableBytes out = bound.ExposeMutable();
  out[0] = static_cast<uint8_t>(key.size());
  const auto end = std::copy(key.begin(), key.end(), out.begin() + 1);
  const auto salt = std::copy(digest.begin(), digest.end(), end);
  FIELDKMS_RETURN_IF_ERROR(RandomBytes({salt, out.end()}));
  return bound;
}

absl::StatusOr<SecretBytes> TakeFromContext(ByteView bound, std::string_view context) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto digest, Sha256(AsBytes(Bound(context))));
  if (bound.empty() || bound[0] == 0 || bound.size() != BoundSize(bound[0]) ||
      !ConstantTimeEqual(bound.subspan(1 + bound[0], kSha256Size), digest)) {
    return RootWrongKey();
  }
  return SecretBytes::CopyOf(bound.subspan(1, bound[0]));
}

}  // namespace

absl::StatusOr<Pkcs11Scheme> ChooseScheme(Pkcs11Session& session, Pkcs11Wrapping wrapping,
                                          const std::optional<Pkcs11Usage>& usage) {
  for (const Pkcs11Format format : FormatsOf(wrapping)) {
    FIELDKMS_ASSIGN_OR_RETURN(const auto scheme, SchemeFor(session, format, usage));
    if (scheme) return *scheme;
  }
  return Pkcs11Misfit(
      "the token, or the key by its attributes, offers none of the mechanisms that could wrap: "
      "CKM_AES_GCM, CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD, or the one that is configured");
}

absl::StatusOr<std::string> Pkcs11Wrap(Pkcs11Session& session, const Pkcs11Key& root,
                                       const Pkcs11Scheme& scheme, bool iv_from_token,
                                       const SecretBytes& key, std::string_view context) {
  std::string wrapped(1, static_cast<char>(scheme.format));
  if (scheme.format == Pkcs11Format::kAesGcm) {
    FIELDKMS_ASSIGN_OR_RETURN(const std::string body,
                              SealGcm(session, root.handle, iv_from_token, key.Expose(), context));
    return wrapped + body;
  }
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes bound, BindToContext(key.Expose(), context));
  Pkcs11Transform wrap{session, root.handle, {MechanismOf(scheme.format), nullptr, 0}};
  FIELDKMS_ASSIGN_OR_RETURN(const std::string body, scheme.crypt ? wrap.Encrypt(bound.Expose())
                                                                 : wrap.Wrap(bound.Expose()));
  return wrapped + body;
}

absl::StatusOr<SecretBytes> Pkcs11Unwrap(Pkcs11Session& session, const Pkcs11Key& root,
                                         std::string_view wrapped, std::string_view context) {
  const ByteView all = AsBytes(wrapped);
  if (all.size() < 2 || all[0] < 1 || all[0] > 3) return RootWrongKey();
  FIELDKMS_ASSIGN_OR_RETURN(const auto scheme,
                            SchemeFor(session, static_cast<Pkcs11Format>(all[0]), root.usage));
  if (!scheme) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
                 "that key was wrapped by a mechanism that this root key does not offer");
  }
  const ByteView body = all.subspan(1);
  if (scheme->format == Pkcs11Format::kAesGcm) {
    return OpenGcm(session, root.handle, body, context);
  }
  Pkcs11Transform unwrap{session, root.handle, {MechanismOf(scheme->format), nullptr, 0}};
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes bound,
                            scheme->crypt ? unwrap.Decrypt(body) : unwrap.Unwrap(body));
  return TakeFromContext(bound.Expose(), context);
}

}  // namespace fieldkms
