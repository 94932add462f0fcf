#include "clients/cli/mask_args.h"

#include <fmt/format.h>

#include <charconv>

#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::StatusOr<uint32_t> ParseCount(std::string_view text, std::string_view field) {
  uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidField(field, "has a count that is not a whole number");
  }
  return count;
}

absl::StatusOr<v1::MaskClass> ParseClass(std::string_view text, std::string_view field) {
  if (text == "all") return v1::MASK_CLASS_ALL;
  if (text == "digits") return v1::MASK_CLASS_DIGITS;
  if (text == "letters_and_digits") return v1::MASK_CLASS_LETTERS_AND_DIGITS;
  return InvalidField(field, "hides all, digits or letters_and_digits");
}

std::string_view ClassText(v1::MaskClass hides) {
  switch (hides) {
    case v1::MASK_CLASS_DIGITS:
      return "digits";
    case v1::MASK_CLASS_LETTERS_AND_DIGITS:
      return "letters_and_digits";
    default:
      return "all";
  }
}

absl::Status PutPart(std::string_view part, std::string_view field, v1::MaskTemplate* mask) {
  const size_t equals = part.find('=');
  const std::string_view name = part.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
  if (name == "hides") {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::MaskClass hides, ParseClass(value, field));
    mask->set_hides(hides);
    return absl::OkStatus();
  }
  if (name == "fill") {
    mask->set_fill(std::string(value));
    return absl::OkStatus();
  }
  if (name != "first" && name != "last" && name != "length") {
    return InvalidField(field, "consists of first=N, last=N, hides=CLASS, fill=C and length=N");
  }
  FIELDKMS_ASSIGN_OR_RETURN(const uint32_t count, ParseCount(value, field));
  if (name == "first") mask->set_keep_first(count);
  if (name == "last") mask->set_keep_last(count);
  if (name == "length") mask->set_fixed_length(count);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::MaskTemplate> ParseMask(std::string_view text, std::string_view field) {
  v1::MaskTemplate mask;
  while (!text.empty()) {
    // A comma may be the fill.
    const size_t begin = text.starts_with("fill=,") ? 6 : 0;
    const size_t comma = text.find(',', begin);
    FIELDKMS_RETURN_IF_ERROR(PutPart(text.substr(0, comma), field, &mask));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return mask;
}

absl::StatusOr<v1::RoleMask> ParseRoleMask(std::string_view text, std::string_view field) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return InvalidField(field, "is ROLE=MASK, such as support=last=4");
  }
  v1::RoleMask mask;
  mask.set_role(std::string(text.substr(0, equals)));
  FIELDKMS_ASSIGN_OR_RETURN(*mask.mutable_mask(), ParseMask(text.substr(equals + 1), field));
  return mask;
}

std::string MaskText(const v1::MaskTemplate& mask) {
  std::string text = fmt::format("first={},last={},hides={}", mask.keep_first(), mask.keep_last(),
                                 ClassText(mask.hides()));
  if (mask.fill() != "*") text += ",fill=" + mask.fill();
  if (mask.fixed_length() != 0) text += fmt::format(",length={}", mask.fixed_length());
  return text;
}

}  // namespace fieldkms
