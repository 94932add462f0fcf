#include "kms/root/aws_root.h"

#include <initializer_list>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/root/aws_json.h"
#include "kms/root/aws_key_name.h"
#include "kms/root/aws_kms_client.h"
#include "kms/root/aws_wrapped.h"
#include "kms/root/http_client.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;

constexpr size_t kMaxWrappedKey = 64;
constexpr size_t kMaxContext = 1024;

absl::Status WrongKey() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
               "this key of AWS KMS did not wrap that key for that use");
}

absl::Status OtherKeyAnswered() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
               "AWS KMS answered for another key than the one that was asked");
}

absl::Status BadAnswer() {
  return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable,
               "an answer of AWS KMS does not have the documented form");
}

absl::Status CheckContext(std::string_view context) {
  return context.size() <= kMaxContext ? absl::OkStatus()
                                       : InvalidField("context", "is longer than 1 KiB");
}

void AppendBase64(Base64 form, ByteView bytes, std::string* out) {
  const size_t at = out->size();
  out->resize(at + Base64Size(form, bytes.size()));
  EncodeBase64(form, bytes, AsMutableBytes(*out).subspan(at));
}

// {"KeyId":"…","EncryptionContext":{"fieldkms":"…"},"NAME":"…"}, in memory that is not
// moved, for it may hold a key.
std::string MakeBody(std::string_view key, std::string_view context, std::string_view name,
                     ByteView bytes) {
  std::string body;
  body.reserve(128 + key.size() + Base64Size(Base64::kUrl, context.size()) +
               Base64Size(Base64::kPadded, bytes.size()));
  body.append(R"({"KeyId":")").append(key).append(R"(","EncryptionContext":{"fieldkms":")");
  AppendBase64(Base64::kUrl, AsBytes(context), &body);
  body.append(R"("},")").append(name).append(R"(":")");
  AppendBase64(Base64::kPadded, bytes, &body);
  body.append(R"("})");
  return body;
}

struct Encrypted {
  std::string key_arn;
  std::string blob;
};

absl::StatusOr<Encrypted> Encrypt(const AwsKmsClient& client, std::string_view key_name,
                                  const SecretBytes& key, std::string_view context,
                                  Deadline deadline) {
  std::string body = MakeBody(key_name, context, "Plaintext", key.Expose());
  absl::StatusOr<std::string> answer = client.Call("Encrypt", body, deadline);
  WipeString(&body);
  if (!answer.ok()) return answer.status();
  FIELDKMS_ASSIGN_OR_RETURN(const JsonMembers members, ReadJson(&*answer, {}));
  const std::string text = members.Text("CiphertextBlob");
  Encrypted encrypted{members.Text("KeyId"), std::string(MaxBase64Bytes(text.size()), '\0')};
  const std::optional<size_t> size =
      DecodeBase64(Base64::kPadded, AsBytes(text), AsMutableBytes(encrypted.blob));
  if (!size || *size == 0 || *size > kMaxAwsBlob) return BadAnswer();
  encrypted.blob.resize(*size);
  return encrypted;
}

class AwsRoot final : public RootKey {
 public:
  AwsRoot(std::string key_arn, std::unique_ptr<AwsKmsClient> client)
      : key_arn_(std::move(key_arn)), client_(std::move(client)) {}

  std::string Describe() const override { return "aws:" + key_arn_; }

  absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context,
                                   Deadline deadline) const override {
    if (key.empty() || key.size() > kMaxWrappedKey) {
      return InvalidField("key", "is not 1 to 64 bytes");
    }
    FIELDKMS_RETURN_IF_ERROR(CheckContext(context));
    FIELDKMS_ASSIGN_OR_RETURN(const Encrypted encrypted,
                              Encrypt(*client_, key_arn_, key, context, deadline));
    if (encrypted.key_arn != key_arn_) return OtherKeyAnswered();
    return EncodeAwsWrapped(key_arn_, encrypted.blob);
  }

  absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context,
                                     Deadline deadline) const override {
    FIELDKMS_RETURN_IF_ERROR(CheckContext(context));
    FIELDKMS_ASSIGN_OR_RETURN(const std::optional<std::string_view> blob,
                              DecodeAwsWrapped(key_arn_, wrapped));
    if (!blob) return WrongKey();
    const std::string body = MakeBody(key_arn_, context, "CiphertextBlob", AsBytes(*blob));
    FIELDKMS_ASSIGN_OR_RETURN(std::string answer, client_->Call("Decrypt", body, deadline));
    FIELDKMS_ASSIGN_OR_RETURN(JsonMembers members, ReadJson(&answer, {"Plaintext"}));
    if (members.Text("KeyId") != key_arn_) return OtherKeyAnswered();
    if (!members.HasSecret("Plaintext")) return BadAnswer();
    const SecretBytes& text = members.secrets["Plaintext"];
    FIELDKMS_ASSIGN_OR_RETURN(SecretBytes decoded,
                              SecretBytes::Allocate(MaxBase64Bytes(text.size())));
    const std::optional<size_t> size =
        DecodeBase64(Base64::kPadded, text.Expose(), decoded.ExposeMutable());
    if (!size) return BadAnswer();
    // Nothing that we wrapped is of another length.
    if (*size == 0 || *size > kMaxWrappedKey) return WrongKey();
    return SecretBytes::CopyOf(decoded.Expose().first(*size));
  }

 private:
  const std::string key_arn_;
  const std::unique_ptr<AwsKmsClient> client_;
};

absl::Status BadOption(std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, rule);
}

absl::StatusOr<std::string> RegionOf(const AwsRootOptions& options, const AwsKeyName& key) {
  if (options.region.empty() && key.region.empty()) {
    return BadOption("a key of AWS KMS that is no ARN needs its region");
  }
  if (!options.region.empty() && !key.region.empty() && options.region != key.region) {
    return BadOption("the region is not that of the key's ARN");
  }
  return options.region.empty() ? key.region : options.region;
}

absl::StatusOr<std::unique_ptr<AwsKmsClient>> MakeClient(const AwsRootOptions& options,
                                                         const std::string& region,
                                                         const AwsRootSurroundings& surroundings) {
  HttpOptions http_options;
  http_options.ca_file = options.ca_file;
  HttpOptions metadata_options;
  metadata_options.call_timeout = milliseconds(2000);
  AwsKmsClientParts parts;
  FIELDKMS_ASSIGN_OR_RETURN(parts.endpoint, AwsEndpoint(options.endpoint, "kms", region));
  FIELDKMS_ASSIGN_OR_RETURN(parts.http, MakeHttpClient(http_options));
  FIELDKMS_ASSIGN_OR_RETURN(std::shared_ptr<const HttpClient> metadata,
                            MakeHttpClient(metadata_options));
  parts.region = region;
  parts.credentials = MakeCredentialChain(
      {surroundings.environment, region, options.profile, parts.http, std::move(metadata)});
  parts.clock = surroundings.clock;
  parts.pause = surroundings.pause;
  if (!parts.pause) parts.pause = [](milliseconds time) { std::this_thread::sleep_for(time); };
  return std::make_unique<AwsKmsClient>(std::move(parts));
}

// The ARN of the key that `name` stands for now. Encrypt tells it, and needs no right
// that the service does not need anyway.
absl::StatusOr<std::string> LookUp(const AwsKmsClient& client, const AwsKeyName& name,
                                   Deadline deadline) {
  if (name.is_key_arn) return name.text;
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes probe, SecretBytes::Random(32));
  FIELDKMS_ASSIGN_OR_RETURN(const Encrypted encrypted,
                            Encrypt(client, name.text, probe, "fieldkms/look-up/1", deadline));
  const auto found = ParseAwsKeyName(encrypted.key_arn);
  if (!found.ok() || !found->is_key_arn) return BadAnswer();
  return found->text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RootKey>> OpenAwsRoot(const AwsRootOptions& options,
                                                     Deadline deadline,
                                                     const AwsRootSurroundings& surroundings) {
  FIELDKMS_ASSIGN_OR_RETURN(const AwsKeyName name, ParseAwsKeyName(options.key));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string region, RegionOf(options, name));
  FIELDKMS_ASSIGN_OR_RETURN(std::unique_ptr<AwsKmsClient> client,
                            MakeClient(options, region, surroundings));
  FIELDKMS_ASSIGN_OR_RETURN(std::string key_arn, LookUp(*client, name, deadline));
  return std::make_unique<AwsRoot>(std::move(key_arn), std::move(client));
}

}  // namespace fieldkms
