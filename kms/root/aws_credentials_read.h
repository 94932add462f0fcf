// The forms that credentials of AWS are read from.
#ifndef FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_READ_H_
#define FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_READ_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/wiping_allocator.h"
#include "kms/root/aws_credentials.h"

namespace fieldkms {

// ReadAwsFile returns a file of at most 1 MiB; nullopt if there is none of that name.
// Error: BadAwsSetting, with the path and what the system says.
absl::StatusOr<std::optional<WipedBuffer>> ReadAwsFile(const std::string& path);

// The text of a file without white space at its end.
std::string_view AwsFileText(const WipedBuffer& file);

// ReadCredentialsJson reads what metadata services of containers and instances answer.
// It wipes `body`. Error: AwsSourceUnavailable.
absl::StatusOr<AwsCredentials> ReadCredentialsJson(std::string* body);

// ReadCredentialsXml reads the answer of STS to AssumeRoleWithWebIdentity, as far as we
// need it: its <Credentials> with four elements of plain text. Whatever has another form
// (attributes, entities, an element twice) is refused. Error: AwsSourceUnavailable.
absl::StatusOr<AwsCredentials> ReadCredentialsXml(std::string_view body);

// The text of an element that is there once and holds plain text; "" otherwise.
std::string_view XmlText(std::string_view xml, std::string_view element);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_READ_H_
