// The vectors of transparency-dev/merkle; see tests/vectors/README.md.
#include "tests/support/vectors.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "crypto/base64.h"
#include "crypto/merkle/compact_range.h"
#include "crypto/merkle/proof.h"
#include "tests/support/hex.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using nlohmann::json;

TEST(MerkleVectorsTest, HashesOfLeavesAndNodes) {
  MerkleHasher hasher;
  EXPECT_EQ(ToHex(hasher.Leaf({})),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(ToHex(hasher.Leaf(AsBytes("L123456"))),
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
  EXPECT_OK(hasher.status());
}

TEST(MerkleVectorsTest, RootsOfTheReferenceTree) {
  const char* const leaves[] = {"",
                                "00",
                                "10",
                                "2021",
                                "3031",
                                "40414243",
                                "5051525354555657",
                                "606162636465666768696a6b6c6d6e6f"};
  const char* const roots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                               "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                               "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                               "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                               "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                               "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                               "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                               "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                               "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  MerkleHasher hasher;
  CompactRange range;
  for (size_t size = 0; size <= 8; ++size) {
    ASSERT_OK_AND_ASSIGN(const MerkleHash root, range.Root(hasher));
    EXPECT_EQ(ToHex(root), roots[size]);
    if (size < 8) range.Append(hasher.Leaf(FromHex(leaves[size])), hasher);
  }
}

// What has not 32 bytes does not come through our types.
bool TakeHash(const json& text, MerkleHash* hash) {
  const std::string encoded = text.is_null() ? "" : text.get<std::string>();
  std::string bytes(MaxBase64Bytes(encoded.size()), '\0');
  const auto size = DecodeBase64(Base64::kPadded, AsBytes(encoded), AsMutableBytes(bytes));
  if (size != hash->size()) return false;
  std::copy_n(AsBytes(bytes).begin(), hash->size(), hash->begin());
  return true;
}

// Of two roots that only need to be equal, a digest is as equal and as wrong.
void TakeRoot(const json& text, MerkleHash* hash) {
  if (!TakeHash(text, hash)) *hash = *Sha256(AsBytes("no hash: " + text.get<std::string>()));
}

bool TakeProof(const json& list, MerkleProof* proof) {
  if (list.is_null()) return true;
  for (const json& item : list) {
    if (!TakeHash(item, &proof->emplace_back())) return false;
  }
  return true;
}

TEST(MerkleVectorsTest, ProofsOfLeaves) {
  const json cases = ReadJson(testing::VectorsDir() + "/merkle.json")["inclusion"];
  EXPECT_EQ(cases.size(), 98u);
  for (const json& test : cases) {
    MerkleHash root{}, leaf{};
    MerkleProof proof;
    const bool ok = TakeHash(test["root"], &root) && TakeHash(test["leafHash"], &leaf) &&
                    TakeProof(test["proof"], &proof) &&
                    VerifyInclusion(test["leafIdx"], test["treeSize"], leaf, proof, root).ok();
    EXPECT_EQ(ok, !test["wantErr"].get<bool>()) << test["file"];
  }
}

TEST(MerkleVectorsTest, ProofsOfContinuation) {
  const json cases = ReadJson(testing::VectorsDir() + "/merkle.json")["consistency"];
  EXPECT_EQ(cases.size(), 98u);
  for (const json& test : cases) {
    MerkleHash first{}, second{};
    MerkleProof proof;
    TakeRoot(test["root1"], &first);
    TakeRoot(test["root2"], &second);
    const bool ok = TakeProof(test["proof"], &proof) &&
                    VerifyConsistency(test["size1"], test["size2"], proof, first, second).ok();
    EXPECT_EQ(ok, !test["wantErr"].get<bool>()) << test["file"];
  }
}

}  // namespace
}  // namespace fieldkms
