#include "sql/shim/frame_ops.h"

#include <limits>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/context.h"
#include "crypto/status.h"
#include "crypto/utf8.h"

namespace fieldkms::shim {
namespace {

bool IsUtf8(std::string_view text) {
  char32_t point;
  while (!text.empty()) {
    if (!TakeCodePoint(&text, &point)) return false;
  }
  return true;
}

// What is a string in a message must be UTF-8: else the service could not read the whole request.
absl::Status SetText(const FramePart& part, std::string_view field, std::string* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string_view text, Required(part, field));
  if (!IsUtf8(text)) return InvalidField(field, "must be UTF-8");
  *out = text;
  return absl::OkStatus();
}

absl::Status SetBytes(const FramePart& part, std::string_view field, std::string* out) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string_view bytes, Required(part, field));
  *out = bytes;
  return absl::OkStatus();
}

// Puts a canonical context into `entries`.
template <class Entries>
absl::Status SetContext(const FramePart& part, Entries* entries) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string_view canonical, Required(part, "context"));
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<ContextEntry> context, ParseContext(canonical));
  for (const ContextEntry& entry : context) {
    v1::ContextEntry* const out = entries->Add();
    out->set_name(entry.name.data(), entry.name.size());
    out->set_value(entry.value.data(), entry.value.size());
  }
  return absl::OkStatus();
}

template <class Request>
absl::Status OfField(const Frame& frame, Request* request) {
  request->set_tenant(std::string(frame.tenant));
  request->set_field(std::string(frame.name));
  if constexpr (requires { request->set_view(v1::VIEW_FULL); }) {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::View view, ParseView(frame.detail));
    request->set_view(view);
  }
  return absl::OkStatus();
}

// Empty in a message is absent in a frame, where what is made is never empty.
FramePart UnlessEmpty(const std::string& text) {
  return text.empty() ? FramePart() : FramePart(text);
}

absl::Status SetFpe(FrameItem item, v1::FpeText* fpe) {
  FIELDKMS_RETURN_IF_ERROR(SetText(item[2], "fpe.text", fpe->mutable_text()));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string_view version, Required(item[3], "fpe.key_version"));
  if (version.size() != sizeof(uint32_t)) {
    return InvalidField("fpe.key_version", "must be four bytes");
  }
  fpe->set_key_version(GetU32(AsBytes(version).data()));
  return absl::OkStatus();
}

}  // namespace

Action ActionOf(FrameOp op) {
  switch (op) {
    case FIELDKMS_OP_ENCRYPT:
      return Action::kEncrypt;
    case FIELDKMS_OP_DECRYPT:
      return Action::kDecrypt;
    case FIELDKMS_OP_REWRAP:
      return Action::kRewrap;
    case FIELDKMS_OP_PROTECT:
      return Action::kFieldProtect;
    case FIELDKMS_OP_REVEAL:
      return Action::kFieldReveal;
    case FIELDKMS_OP_MASK:
      return Action::kFieldMask;
    case FIELDKMS_OP_TOKENIZE:
      return Action::kFieldTokenize;
    case FIELDKMS_OP_DETOKENIZE:
      return Action::kFieldDetokenize;
    case FIELDKMS_OP_BLIND_INDEX:
      return Action::kFieldIndex;
    case FIELDKMS_OP_VALIDATE:
      break;
  }
  return Action::kFieldValidate;
}

bool IsOfField(FrameOp op) { return TargetOf(ActionOf(op)) == ActionTarget::kFields; }

bool HasView(FrameOp op) { return op == FIELDKMS_OP_REVEAL || op == FIELDKMS_OP_DETOKENIZE; }

absl::StatusOr<v1::View> ParseView(std::string_view text) {
  if (text == "masked") return v1::VIEW_MASKED;
  if (text == "bin_last4") return v1::VIEW_BIN_LAST4;
  if (text == "full") return v1::VIEW_FULL;
  return InvalidField("view", "must be masked, bin_last4 or full");
}

absl::StatusOr<std::string_view> Required(const FramePart& part, std::string_view field) {
  if (!part) return InvalidField(field, "is required");
  return *part;
}

absl::Status EncryptOp::Shared(const Frame& frame, Request* request) {
  request->set_tenant(std::string(frame.tenant));
  request->set_key(std::string(frame.name));
  return absl::OkStatus();
}

absl::Status EncryptOp::Item(FrameItem item, Request::Item* out) {
  FIELDKMS_RETURN_IF_ERROR(SetBytes(item[0], "value", out->mutable_plaintext()));
  return SetContext(item[1], out->mutable_context());
}

void EncryptOp::Result(const Response::Result& result, AnswerWriter* out) {
  out->Part(result.ciphertext());
}

absl::Status DecryptOp::Shared(const Frame& frame, Request* request) {
  request->set_tenant(std::string(frame.tenant));
  request->set_key(std::string(frame.name));
  return absl::OkStatus();
}

absl::Status DecryptOp::Item(FrameItem item, Request::Item* out) {
  FIELDKMS_RETURN_IF_ERROR(SetBytes(item[0], "envelope", out->mutable_ciphertext()));
  return SetContext(item[1], out->mutable_context());
}

void DecryptOp::Result(const Response::Result& result, AnswerWriter* out) {
  out->Part(result.plaintext());
}

absl::Status RewrapOp::Shared(const Frame& frame, Request* request) {
  request->set_tenant(std::string(frame.tenant));
  request->set_destination_key(std::string(frame.name));
  return absl::OkStatus();
}

absl::Status RewrapOp::Item(FrameItem item, Request::Item* out) {
  FIELDKMS_RETURN_IF_ERROR(SetBytes(item[0], "envelope", out->mutable_ciphertext()));
  FIELDKMS_RETURN_IF_ERROR(SetContext(item[1], out->mutable_context()));
  if (!item[2]) return absl::OkStatus();
  return SetContext(item[2], out->mutable_destination_context()->mutable_entries());
}

void RewrapOp::Result(const Response::Result& result, AnswerWriter* out) {
  out->Part(result.ciphertext());
}

absl::Status ProtectOp::Shared(const Frame& frame, Request* request) {
  return OfField(frame, request);
}

absl::Status ProtectOp::Item(FrameItem item, Request::Item* out) {
  FIELDKMS_RETURN_IF_ERROR(SetBytes(item[0], "value", out->mutable_value()));
  FIELDKMS_RETURN_IF_ERROR(SetContext(item[1], out->mutable_context()));
  return item[2] ? SetText(item[2], "subject", out->mutable_subject()) : absl::OkStatus();
}

void ProtectOp::Result(const Response::Result& result, AnswerWriter* out) {
  const v1::ProtectedValue& value = result.protected_value();
  out->Part(UnlessEmpty(value.ciphertext()));
  out->Part(UnlessEmpty(value.document()));
  out->Part(value.mask());
  out->Part(UnlessEmpty(value.blind_index()));
  if (value.has_fpe()) {
    out->Part(value.fpe().text());
    out->PartOf(value.fpe().key_version());
  } else {
    out->Part(std::nullopt);
    out->Part(std::nullopt);
  }
  out->Part(value.has_token() ? FramePart(value.token().token()) : FramePart());
}

absl::Status RevealOp::Shared(const Frame& frame, Request* request) {
  return OfField(frame, request);
}

absl::Status RevealOp::Item(FrameItem item, Request::Item* out) {
  const int sources =
      int{item[0].has_value()} + int{item[1].has_value()} + int{item[2].has_value()};
  if (sources != 1) {
    return InvalidField("source", "give one of envelope, document and text of the same format");
  }
  if (item[0]) out->set_ciphertext(std::string(*item[0]));
  if (item[1]) FIELDKMS_RETURN_IF_ERROR(SetText(item[1], "document", out->mutable_document()));
  if (item[2]) FIELDKMS_RETURN_IF_ERROR(SetFpe(item, out->mutable_fpe()));
  return SetContext(item[4], out->mutable_context());
}

void RevealOp::Result(const Response::Result& result, AnswerWriter* out) {
  out->Part(result.value());
}

absl::Status MaskOp::Shared(const Frame& frame, Request* request) {
  return OfField(frame, request);
}

absl::Status MaskOp::Item(FrameItem item, Request::Item* out) {
  return SetBytes(item[0], "value", out->mutable_value());
}

void MaskOp::Result(const Response::Result& result, AnswerWriter* out) { out->Part(result.mask()); }

absl::Status TokenizeOp::Shared(const Frame& frame, Request* request) {
  return OfField(frame, request);
}

absl::Status TokenizeOp::Item(FrameItem item, Request::Item* out) {
  FIELDKMS_RETURN_IF_ERROR(SetBytes(item[0], "value", out->mutable_value()));
  if (!item[1]) return absl::OkStatus();
  return SetText(item[1], "subject", out->mutable_settings()->mutable_subject());
}

void TokenizeOp::Result(const Response::Result& result, AnswerWriter* out) {
  out->Part(result.token().token());
}

absl::Status DetokenizeOp::Shared(const Frame& frame, Request* request) {
  return OfField(frame, request);
}

absl::Status DetokenizeOp::Item(FrameItem item, Request::Item* out) {
  return SetText(item[0], "token", out->mutable_token());
}

void DetokenizeOp::Result(const Response::Result& result, AnswerWriter* out) {
  out->Part(result.value());
}

absl::Status BlindIndexOp::Shared(const Frame& frame, Request* request) {
  return OfField(frame, request);
}

absl::Status BlindIndexOp::Item(FrameItem item, Request::Item* out) {
  return SetBytes(item[0], "value", out->mutable_value());
}

void BlindIndexOp::Result(const Response::Result& result, AnswerWriter* out) {
  out->Part(result.indexes().index());
  std::string older;
  for (const std::string& index : result.indexes().older()) {
    if (index.size() > std::numeric_limits<uint16_t>::max()) continue;  // of 18 bytes at most
    uint8_t size[2];
    PutU16(size, static_cast<uint16_t>(index.size()));
    older.append(AsText(size)).append(index);
  }
  out->Part(older);
}

absl::Status ValidateOp::Shared(const Frame& frame, Request* request) {
  return OfField(frame, request);
}

absl::Status ValidateOp::Item(FrameItem item, Request::Item* out) {
  return SetBytes(item[0], "value", out->mutable_value());
}

void ValidateOp::Result(const Response::Result& result, AnswerWriter* out) {
  const v1::Verdict& verdict = result.verdict();
  out->Part(verdict.valid() ? std::string_view("\x01", 1) : std::string_view("\x00", 1));
  out->Part(verdict.rule());
  out->Part(verdict.says());
}

}  // namespace fieldkms::shim
