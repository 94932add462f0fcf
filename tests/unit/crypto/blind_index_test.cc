#include "crypto/blind_index.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crypto/xaes_gcm.h"
#include "tests/support/fork.h"
#include "tests/support/hex.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;

using Bytes = std::vector<uint8_t>;
const std::string kVectors = testing::VectorsDir();
constexpr IndexPlace kPlace = {"acme", 7, 0, 1, kFullIndexBits};

SecretBytes Root(const Bytes& bytes) { return SecretBytes::CopyOf(bytes).value(); }

std::string Index(const BlindIndexKey& key, std::string_view canonical) {
  std::string index = "earlier";
  EXPECT_OK(key.Compute(canonical, &index));
  return index;
}

std::string Index(const Bytes& root, const IndexPlace& place, std::string_view canonical) {
  return Index(BlindIndexKey::Derive(Root(root), place).value(), canonical);
}

TEST(BlindIndexTest, VectorsOfAnotherImplementation) {
  const nlohmann::json file = ReadJson(kVectors + "/blind_index.json");
  ASSERT_EQ(file.at("vectors").size(), 28u);
  for (const auto& vector : file.at("vectors")) {
    SCOPED_TRACE(vector.at("comment").get<std::string>());
    const std::string tenant = vector.at("tenant");
    const IndexPlace place = {tenant,
                              std::stoull(vector.at("field_id").get<std::string>(), nullptr, 16),
                              vector.at("index_id"), vector.at("version"), vector.at("bits")};
    const std::string index = Index(FromHex(vector.at("root").get<std::string>()), place,
                                    vector.at("canonical").get<std::string>());
    EXPECT_EQ(ToHex(AsBytes(index)), vector.at("index"));
  }
}

TEST(BlindIndexTest, FormatDocumentShowsTheFirst) {
  std::ifstream file = OpenFile(kVectors + "/../../crypto/FORMAT.md");
  std::string document{std::istreambuf_iterator<char>(file), {}};
  std::erase_if(document, [](char c) { return c == ' ' || c == '\n'; });
  const auto vector = ReadJson(kVectors + "/blind_index.json").at("vectors").at(0);
  for (const char* name : {"root", "info", "key", "canonical", "index"}) {
    EXPECT_THAT(document, HasSubstr(vector.at(name).get<std::string>())) << name;
  }
}

TEST(BlindIndexTest, BeginsWithTheVersion) {
  EXPECT_EQ(ToHex(AsBytes(Index(Bytes(32, 1), {"acme", 7, 0, 0x102}, "value"))).substr(0, 4),
            "0102");
}

TEST(BlindIndexTest, EveryPartOfAPlaceSeparates) {
  const Bytes root(32, 1);
  // Without the versions, which would tell them apart in any case.
  const auto mac = [&](const IndexPlace& place, std::string_view value = "value") {
    return Index(root, place, value).substr(2);
  };
  const std::string other_root = Index(Bytes(32, 2), kPlace, "value").substr(2);
  const std::set<std::string> results = {mac(kPlace),
                                         other_root,
                                         mac({"acmf", 7, 0, 1}),
                                         mac({"acm", 7, 0, 1}),
                                         mac({"acme", 8, 0, 1}),
                                         mac({"acme", 7, 1, 1}),
                                         mac({"acme", 7, 0, 2}),
                                         mac(kPlace, "valuf"),
                                         mac(kPlace, ""),
                                         mac(kPlace, std::string_view("value\0", 6))};
  EXPECT_EQ(results.size(), 10u);
  EXPECT_EQ(mac(kPlace), Index(root, kPlace, "value").substr(2));
}

// A bucket index is no prefix of the full one, nor of another.
TEST(BlindIndexTest, NumbersOfBitsSeparate) {
  std::set<std::string> first_bytes;
  for (uint32_t bits = 8; bits <= 32; ++bits) {
    const BlindIndexKey key =
        BlindIndexKey::Derive(Root(Bytes(32, 1)), {"acme", 7, 0, 1, bits}).value();
    std::string of_many;
    for (int i = 0; i < 16; ++i) of_many += Index(key, std::to_string(i))[2];
    first_bytes.insert(of_many);
  }
  std::string of_full;
  for (int i = 0; i < 16; ++i) {
    of_full += Index(Bytes(32, 1), {"acme", 7, 0, 1}, std::to_string(i))[2];
  }
  first_bytes.insert(of_full);
  EXPECT_EQ(first_bytes.size(), 26u);
}

TEST(BlindIndexTest, BucketsHaveTheirBitsAndNoMore) {
  for (uint32_t bits = 8; bits <= 32; ++bits) {
    const BlindIndexKey key =
        BlindIndexKey::Derive(Root(Bytes(32, 3)), {"acme", 7, 1, 1, bits}).value();
    const size_t bytes = 2u + (bits + 7u) / 8u;
    Bytes ever(bytes);
    for (int i = 0; i < 400; ++i) {
      const std::string index = Index(key, std::to_string(i));
      ASSERT_EQ(index.size(), bytes);
      for (size_t at = 0; at < ever.size(); ++at) {
        ever[at] = static_cast<uint8_t>(ever[at] | static_cast<uint8_t>(index[at]));
      }
    }
    Bytes expected(bytes, 0xff);
    expected[0] = 0;
    expected[1] = 1;
    expected.back() = static_cast<uint8_t>(0xff << (8 * ((bits + 7) / 8) - bits));
    EXPECT_EQ(ever, expected) << bits;
  }
  EXPECT_EQ(Index(Bytes(32, 3), kPlace, "1").size(), 18u);
}

TEST(BlindIndexTest, ABucketHoldsSeveralValues) {
  const BlindIndexKey key = BlindIndexKey::Derive(Root(Bytes(32, 3)), {"acme", 7, 1, 1, 8}).value();
  std::set<std::string> indexes;
  for (int i = 0; i < 5000; ++i) indexes.insert(Index(key, std::to_string(i)));
  EXPECT_EQ(indexes.size(), 256u);
}

TEST(BlindIndexTest, RefusesWhatIsOutOfBounds) {
  const std::string long_tenant(64, 't');
  const IndexPlace places[] = {
      {"", 7, 0, 1},         {"Acme", 7, 0, 1},      {long_tenant, 7, 0, 1}, {"acme", 0, 0, 1},
      {"acme", 7, 0, 0},     {"acme", 7, 0, 65'536}, {"acme", 7, 0, 1, 0},   {"acme", 7, 0, 1, 7},
      {"acme", 7, 0, 1, 33}, {"acme", 7, 0, 1, 127}, {"acme", 7, 0, 1, 129}, {"acme", 7, 0, 1, 256},
  };
  for (const IndexPlace& place : places) {
    EXPECT_EQ(BlindIndexKey::Derive(Root(Bytes(32, 1)), place).status().code(),
              absl::StatusCode::kInvalidArgument)
        << place.tenant << " " << place.bits;
  }
  for (const size_t size : {size_t{0}, size_t{16}, size_t{31}, size_t{33}}) {
    EXPECT_THAT(BlindIndexKey::Derive(Root(Bytes(size, 1)), kPlace),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal));
  }
}

TEST(BlindIndexTest, AMovedFromKeyLeavesNothing) {
  BlindIndexKey key = BlindIndexKey::Derive(Root(Bytes(32, 1)), kPlace).value();
  const BlindIndexKey taken = std::move(key);
  std::string index = "earlier";
  EXPECT_THAT(key.Compute("value", &index),  // NOLINT(bugprone-use-after-move)
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal));
  EXPECT_EQ(index, "");
  EXPECT_OK(taken.Compute("value", &index));
}

// Neither the root nor a key of an index is used once a fork has wiped it.
TEST(BlindIndexTest, WhatAForkWipedIsRefused) {
  const SecretBytes root = Root(Bytes(32, 1));
  const BlindIndexKey key = BlindIndexKey::Derive(root, kPlace).value();
  EXPECT_EQ(OutputOfChild([&] {
              std::string index;
              const absl::Status computed = key.Compute("value", &index);
              const absl::Status derived = BlindIndexKey::Derive(root, kPlace).status();
              return std::string(ReasonName(ReasonOf(computed))) + " " +
                     std::string(ReasonName(ReasonOf(derived)));
            }),
            "CRYPTO_FAILURE CRYPTO_FAILURE");
}

RC_GTEST_PROP(BlindIndexPropertyTest, EqualValuesAndOnlyTheseHaveEqualIndexes,
              (const std::string& a, const std::string& b)) {
  const BlindIndexKey key = BlindIndexKey::Derive(Root(Bytes(32, 1)), kPlace).value();
  RC_ASSERT((Index(key, a) == Index(key, b)) == (a == b));
  RC_ASSERT(Index(key, a) == Index(Bytes(32, 1), kPlace, a));
}

TEST(BlindIndexTest, ThreadsShareAKey) {
  const BlindIndexKey key = BlindIndexKey::Derive(Root(Bytes(32, 1)), kPlace).value();
  const std::string expected = Index(key, "value");
  std::vector<std::jthread> threads;
  for (int id = 0; id < 4; ++id) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        ASSERT_EQ(Index(key, "value"), expected);
        if (i % 50 == 0) ForgetDerivedKeys();
      }
    });
  }
}

}  // namespace
}  // namespace fieldkms
