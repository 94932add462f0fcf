#include "clients/cli/context_args.h"

#include <optional>
#include <string>
#include <string_view>

#include "crypto/base64.h"
#include "crypto/context.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kBase64Mark = ":b64";

absl::Status AddEntry(std::string_view argument, const std::string& field, ContextEntries* out) {
  const size_t equals = argument.find('=');
  if (equals == std::string_view::npos) {
    return InvalidField(field, "must be NAME=VALUE or NAME:b64=BASE64");
  }
  std::string_view name = argument.substr(0, equals);
  std::string value(argument.substr(equals + 1));
  if (name.ends_with(kBase64Mark)) {
    name.remove_suffix(kBase64Mark.size());
    std::string decoded(MaxBase64Bytes(value.size()), '\0');
    const std::optional<size_t> size =
        DecodeBase64(Base64::kPadded, AsBytes(value), AsMutableBytes(decoded));
    if (!size) return InvalidField(field, "the value after :b64= is not padded base64");
    decoded.resize(*size);
    value = std::move(decoded);
  }
  v1::ContextEntry* entry = out->Add();
  entry->set_name(std::string(name));
  entry->set_value(std::move(value));
  return absl::OkStatus();
}

// The service's own rules, so that a mistake is found before anything is sent.
absl::Status CheckRules(const ContextEntries& entries, const std::string& field) {
  std::vector<ContextEntry> views;
  for (const auto& entry : entries) views.push_back({entry.name(), entry.value()});
  std::string canonical;
  const absl::Status status = AppendContext(views, &canonical);
  return status.ok() ? status : InvalidField(field, std::string(status.message()));
}

}  // namespace

absl::StatusOr<ContextEntries> ParseContextArgs(const std::vector<std::string>& arguments,
                                                const std::string& field) {
  ContextEntries entries;
  for (const std::string& argument : arguments) {
    FIELDKMS_RETURN_IF_ERROR(AddEntry(argument, field, &entries));
  }
  FIELDKMS_RETURN_IF_ERROR(CheckRules(entries, field));
  return entries;
}

}  // namespace fieldkms
