// Backups: a header that parses re-encodes identically; nothing made up opens; and the records
// of a payload, which only who holds the key can write, break no reader, and what they say
// can be written and read again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "crypto/secret_bytes.h"
#include "crypto/status.h"
#include "kms/backup/backup_file.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

const SecretBytes& Key() {
  static const auto* const kKey =
      new SecretBytes(SecretBytes::CopyOf(AsBytes("0123456789abcdef0123456789abcdef")).value());
  return *kKey;
}

ByteSource SourceOf(ByteView bytes) {
  return [bytes](MutableBytes out) mutable -> absl::StatusOr<size_t> {
    const size_t size = std::min(out.size(), bytes.size());
    std::copy_n(bytes.begin(), size, out.begin());
    bytes = bytes.subspan(size);
    return size;
  };
}

void FuzzFile(ByteView input) {
  std::string raw;
  const auto header = ReadBackupHeader(SourceOf(input), &raw);
  if (header.ok()) Require(FormatBackupHeader(*header) == raw);
  Require(!ReadBackup(SourceOf(input), {}, {}).ok());
}

void FuzzChunks(ByteView input) {
  ChunkReader chunks(Key(), SourceOf(input));
  uint8_t byte = 0;
  Require(chunks.Read({&byte, 1}) == BackupDamaged());
}

std::string Sealed(ByteView payload) {
  std::string bytes;
  ChunkWriter writer(Key(), [&](ByteView more) {
    bytes.append(AsText(more));
    return absl::OkStatus();
  });
  Require(writer.Write(payload).ok() && writer.Finish().ok());
  return bytes;
}

void FuzzPayload(ByteView input) {
  if (input.empty()) return;
  std::string again;
  ChunkWriter writer(Key(), [&](ByteView more) {
    again.append(AsText(more));
    return absl::OkStatus();
  });
  RecordWriter records(&writer);
  RecordVisitor visitor;
  visitor.on_key = [&](const WholeKey& whole) { return records.Key(whole); };
  visitor.on_alias = [&](const AliasRecord& alias) { return records.Alias(alias); };
  visitor.on_field = [&](const FieldRecord& field) { return records.Field(field); };
  visitor.on_tenant = [&](const TenantRecord& tenant,
                          const std::vector<BackupKek>& keks) -> absl::Status {
    FIELDKMS_RETURN_IF_ERROR(records.Tenant(tenant));
    for (const BackupKek& kek : keks) FIELDKMS_RETURN_IF_ERROR(records.Kek(kek));
    return absl::OkStatus();
  };
  const std::string sealed = Sealed(input);
  ChunkReader chunks(Key(), SourceOf(AsBytes(sealed)));
  const auto summary = ReadRecords(chunks, visitor);
  if (!summary.ok()) return Require(summary.status() == BackupDamaged());
  Require(records.End(summary->change).ok() && writer.Finish().ok());
  ChunkReader rewritten(Key(), SourceOf(AsBytes(again)));
  Require(ReadRecords(rewritten, {}).value() == *summary);
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const fieldkms::ByteView input(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      fieldkms::FuzzFile(input);
      break;
    case 1:
      fieldkms::FuzzChunks(input);
      break;
    default:
      fieldkms::FuzzPayload(input);
  }
  return 0;
}
