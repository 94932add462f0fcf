// A trail in a directory of its own, in small segments, for tests that then look at its files.
#ifndef FIELDKMS_TESTS_UNIT_KMS_AUDIT_TRAIL_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_KMS_AUDIT_TRAIL_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "kms/audit/audit_wait.h"
#include "kms/audit/sealed_trail.h"
#include "kms/audit/trail_files.h"
#include "kms/audit/trail_key.h"
#include "kms/audit/trail_verify.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {

inline std::vector<std::string> LinesOf(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class TrailTest : public ::testing::Test {
 protected:
  TrailTest() {
    options_.key_path = dir_.File("data/audit.key");
    options_.segment_bytes = 2'000;
    options_.checkpoint_records = 10;
    options_.exports.interval = std::chrono::seconds(0);
    for (const char* name : {"data", "trail", "anchors"}) {
      std::filesystem::create_directory(dir_.File(name));
    }
  }

  absl::StatusOr<std::unique_ptr<SealedTrail>> Open() {
    return SealedTrail::Open(path_, SystemClock(), options_);
  }
  static void Append(SealedTrail& trail, int count) {
    for (int i = 0; i < count; ++i) {
      AuditRecord record;
      record.method = "CryptoService.Encrypt";
      const std::string key = "key" + std::to_string(i);
      record.keys = AuditKeys(key);
      ASSERT_OK(AppendAndWait(trail, record));
    }
  }
  // A trail of the start and so many records.
  void Write(int count) {
    ASSERT_OK_AND_ASSIGN(const auto trail, Open());
    Append(*trail, count);
  }

  NoteVerifier Verifier() {
    const std::string text = testing::ReadFile(VerifierKeyPath(path_));
    return *NoteVerifier::Parse(text.substr(0, text.size() - 1));
  }
  VerifyReport Verify(VerifyOptions options = {}) {
    auto report = VerifyTrail(path_, Verifier(), options);
    EXPECT_OK(report);
    return report.ok() ? *std::move(report) : VerifyReport();
  }
  VerifyReport VerifyWithAnchors() {
    VerifyOptions options;
    auto anchors = ReadAnchors(dir_.File("anchors"), Verifier());
    EXPECT_OK(anchors);
    if (anchors.ok()) options.anchors = *anchors;
    return Verify(options);
  }
  static std::vector<TrailFinding::Kind> Kinds(const VerifyReport& report) {
    std::vector<TrailFinding::Kind> kinds;
    for (const TrailFinding& finding : report.findings) kinds.push_back(finding.kind);
    return kinds;
  }
  std::vector<uint64_t> Segments() { return ListTrail(path_)->segments; }

  testing::TempDir dir_;
  const std::string path_ = dir_.File("trail/audit.jsonl");
  SealedTrailOptions options_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_UNIT_KMS_AUDIT_TRAIL_FIXTURE_H_
