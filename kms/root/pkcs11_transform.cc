#include "kms/root/pkcs11_transform.h"

#include <array>

#include "crypto/status.h"
#include "kms/root/pkcs11_error.h"

namespace fieldkms {
namespace {

// Inputs of PKCS#11 have no const; they are only read.
CK_BYTE* In(ByteView bytes) { return const_cast<CK_BYTE*>(bytes.data()); }

// An object of the session that holds a secret, destroyed when this is.
class SecretObject {
 public:
  explicit SecretObject(Pkcs11Session& session) : session_(session) {}
  ~SecretObject() {
    if (handle_ == CK_INVALID_HANDLE) return;
    session_.functions().C_DestroyObject(session_.handle(), handle_);
  }
  SecretObject(const SecretObject&) = delete;
  SecretObject& operator=(const SecretObject&) = delete;

  absl::Status Create(ByteView value);
  absl::Status Unwrap(CK_OBJECT_HANDLE key, CK_MECHANISM* mechanism, ByteView wrapped);
  absl::StatusOr<SecretBytes> Value() const;
  CK_OBJECT_HANDLE handle() const { return handle_; }

 private:
  // Bytes of no algorithm that live as long as the session and can be read.
  struct Template {
    CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
    CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    // One place more, for the value where there is one.
    std::array<CK_ATTRIBUTE, 7> attributes = {{
        {CKA_CLASS, &secret, sizeof secret},
        {CKA_KEY_TYPE, &generic, sizeof generic},
        {CKA_TOKEN, &no, sizeof no},
        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &no, sizeof no},
        {CKA_EXTRACTABLE, &yes, sizeof yes},
        {CKA_VALUE, nullptr, 0},
    }};
  };

  Pkcs11Session& session_;
  CK_OBJECT_HANDLE handle_ = CK_INVALID_HANDLE;
};

absl::Status SecretObject::Create(ByteView value) {
  Template wanted;
  wanted.attributes.back() = {CKA_VALUE, In(value), value.size()};
  return session_.Check(
      session_.functions().C_CreateObject(session_.handle(), wanted.attributes.data(),
                                          wanted.attributes.size(), &handle_),
      "C_CreateObject");
}

absl::Status SecretObject::Unwrap(CK_OBJECT_HANDLE key, CK_MECHANISM* mechanism, ByteView wrapped) {
  Template wanted;
  return session_.Check(session_.functions().C_UnwrapKey(
                            session_.handle(), mechanism, key, In(wrapped), wrapped.size(),
                            wanted.attributes.data(), wanted.attributes.size() - 1, &handle_),
                        "C_UnwrapKey");
}

absl::StatusOr<SecretBytes> SecretObject::Value() const {
  const CK_FUNCTION_LIST& f = session_.functions();
  CK_ATTRIBUTE value = {CKA_VALUE, nullptr, 0};
  FIELDKMS_RETURN_IF_ERROR(session_.Check(
      f.C_GetAttributeValue(session_.handle(), handle_, &value, 1), "C_GetAttributeValue"));
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes bytes, SecretBytes::Allocate(value.ulValueLen));
  value.pValue = bytes.ExposeMutable().data();
  FIELDKMS_RETURN_IF_ERROR(session_.Check(
      f.C_GetAttributeValue(session_.handle(), handle_, &value, 1), "C_GetAttributeValue"));
  return bytes;
}

}  // namespace

absl::StatusOr<std::string> Pkcs11Transform::Encrypt(ByteView plaintext) {
  const CK_FUNCTION_LIST& f = session.functions();
  FIELDKMS_RETURN_IF_ERROR(
      session.Check(f.C_EncryptInit(session.handle(), &mechanism, key), "C_EncryptInit"));
  std::string out(plaintext.size() + kMaxPkcs11Overhead, '\0');
  CK_ULONG size = out.size();
  FIELDKMS_RETURN_IF_ERROR(
      session.Check(f.C_Encrypt(session.handle(), In(plaintext), plaintext.size(),
                                AsMutableBytes(out).data(), &size),
                    "C_Encrypt"));
  out.resize(size);
  return out;
}

absl::StatusOr<SecretBytes> Pkcs11Transform::Decrypt(ByteView ciphertext) {
  const CK_FUNCTION_LIST& f = session.functions();
  FIELDKMS_RETURN_IF_ERROR(
      session.Check(f.C_DecryptInit(session.handle(), &mechanism, key), "C_DecryptInit"));
  // Some tokens want room for the tag, too.
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Allocate(ciphertext.size()));
  CK_ULONG size = out.size();
  FIELDKMS_RETURN_IF_ERROR(
      session.Check(f.C_Decrypt(session.handle(), In(ciphertext), ciphertext.size(),
                                out.ExposeMutable().data(), &size),
                    "C_Decrypt"));
  return SecretBytes::CopyOf(out.Expose().first(size));
}

absl::StatusOr<std::string> Pkcs11Transform::Wrap(ByteView plaintext) {
  SecretObject object(session);
  FIELDKMS_RETURN_IF_ERROR(object.Create(plaintext));
  std::string out(plaintext.size() + kMaxPkcs11Overhead, '\0');
  CK_ULONG size = out.size();
  FIELDKMS_RETURN_IF_ERROR(session.Check(
      session.functions().C_WrapKey(session.handle(), &mechanism, key, object.handle(),
                                    AsMutableBytes(out).data(), &size),
      "C_WrapKey"));
  out.resize(size);
  return out;
}

absl::StatusOr<SecretBytes> Pkcs11Transform::Unwrap(ByteView ciphertext) {
  SecretObject object(session);
  FIELDKMS_RETURN_IF_ERROR(object.Unwrap(key, &mechanism, ciphertext));
  return object.Value();
}

}  // namespace fieldkms
