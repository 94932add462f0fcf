#include "kms/root/pkcs11_key.h"

#include <array>
#include <vector>

#include "crypto/status.h"
#include "kms/root/pkcs11_error.h"

namespace fieldkms {
namespace {

constexpr CK_ULONG kAes256Size = 32;

template <class T>
CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, T& value) {
  return {type, &value, sizeof value};
}

void AppendName(const Pkcs11KeyName& name, std::vector<CK_ATTRIBUTE>* attributes) {
  const auto append = [&](CK_ATTRIBUTE_TYPE type, const std::string& text) {
    if (text.empty()) return;
    // Read only, whatever the type says.
    attributes->push_back({type, const_cast<char*>(text.data()), text.size()});
  };
  append(CKA_LABEL, name.label);
  append(CKA_ID, name.id);
}

// `fallback` where the token does not tell.
template <class T>
T Get(Pkcs11Session& session, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, T fallback) {
  T value = fallback;
  CK_ATTRIBUTE attribute = Attribute(type, value);
  const CK_RV rv = session.functions().C_GetAttributeValue(session.handle(), key, &attribute, 1);
  // Of a lost session, the caller has to know.
  (void)session.Check(rv, "C_GetAttributeValue");
  return rv == CKR_OK && attribute.ulValueLen == sizeof value ? value : fallback;
}

bool Is(Pkcs11Session& session, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type, bool fallback) {
  return Get<CK_BBOOL>(session, key, type, fallback ? CK_TRUE : CK_FALSE) != CK_FALSE;
}

absl::StatusOr<CK_OBJECT_HANDLE> FindOne(Pkcs11Session& session, const Pkcs11KeyName& name) {
  CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
  std::vector<CK_ATTRIBUTE> wanted = {Attribute(CKA_CLASS, secret)};
  AppendName(name, &wanted);
  const CK_FUNCTION_LIST& f = session.functions();
  FIELDKMS_RETURN_IF_ERROR(session.Check(
      f.C_FindObjectsInit(session.handle(), wanted.data(), wanted.size()), "C_FindObjectsInit"));
  std::array<CK_OBJECT_HANDLE, 2> found = {};
  CK_ULONG count = 0;
  const CK_RV rv = f.C_FindObjects(session.handle(), found.data(), found.size(), &count);
  f.C_FindObjectsFinal(session.handle());
  FIELDKMS_RETURN_IF_ERROR(session.Check(rv, "C_FindObjects"));
  if (count == 0) {
    return Error(absl::StatusCode::kNotFound, Reason::kConfigInvalid,
                 "the token holds no secret key of the configured label and id");
  }
  if (count > 1) {
    return Pkcs11Misfit("more than one key of the token fits: name its label and its id");
  }
  return found[0];
}

}  // namespace

absl::StatusOr<Pkcs11Key> FindPkcs11Key(Pkcs11Session& session, const Pkcs11KeyName& name,
                                        bool extractable) {
  Pkcs11Key key;
  FIELDKMS_ASSIGN_OR_RETURN(key.handle, FindOne(session, name));
  if (Get<CK_KEY_TYPE>(session, key.handle, CKA_KEY_TYPE, CKK_VENDOR_DEFINED) != CKK_AES ||
      Get<CK_ULONG>(session, key.handle, CKA_VALUE_LEN, 0) != kAes256Size) {
    return Pkcs11Misfit("the key of the token is no AES key of 256 bits");
  }
  if (!extractable && Is(session, key.handle, CKA_EXTRACTABLE, true)) {
    return Pkcs11Misfit(
        "the key may leave the token (CKA_EXTRACTABLE); make one that may not, or allow it");
  }
  key.usage.crypt =
      Is(session, key.handle, CKA_ENCRYPT, false) && Is(session, key.handle, CKA_DECRYPT, false);
  key.usage.wrap =
      Is(session, key.handle, CKA_WRAP, false) && Is(session, key.handle, CKA_UNWRAP, false);
  return key;
}

absl::Status MakePkcs11Key(Pkcs11Session& session, const Pkcs11KeyName& name, Pkcs11Usage usage) {
  CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
  CK_KEY_TYPE aes = CKK_AES;
  CK_ULONG size = kAes256Size;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  CK_BBOOL crypt = usage.crypt ? CK_TRUE : CK_FALSE;
  CK_BBOOL wrap = usage.wrap ? CK_TRUE : CK_FALSE;
  std::vector<CK_ATTRIBUTE> attributes = {
      Attribute(CKA_CLASS, secret),   Attribute(CKA_KEY_TYPE, aes),  Attribute(CKA_VALUE_LEN, size),
      Attribute(CKA_TOKEN, yes),      Attribute(CKA_PRIVATE, yes),   Attribute(CKA_SENSITIVE, yes),
      Attribute(CKA_EXTRACTABLE, no), Attribute(CKA_ENCRYPT, crypt), Attribute(CKA_DECRYPT, crypt),
      Attribute(CKA_WRAP, wrap),      Attribute(CKA_UNWRAP, wrap),
  };
  AppendName(name, &attributes);
  CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  return session.Check(
      session.functions().C_GenerateKey(session.handle(), &mechanism, attributes.data(),
                                        attributes.size(), &made),
      "C_GenerateKey");
}

}  // namespace fieldkms
