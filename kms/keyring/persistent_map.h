// PersistentMap: an immutable map that shares structure with the maps it was made
// from (a hash trie with 32 branches a node).
#ifndef FIELDKMS_KMS_KEYRING_PERSISTENT_MAP_H_
#define FIELDKMS_KMS_KEYRING_PERSISTENT_MAP_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace fieldkms {

// The hash of a map's keys. Ids are random and ours, so they are their own hash.
// Names are chosen by callers, so theirs is SipHash under a key of the process:
// nobody can choose names that share a branch.
struct TrieHash {
  uint64_t operator()(uint64_t id) const { return id; }
  uint64_t operator()(std::string_view name) const;
};

// A copy costs a pointer. With and Without cost O(log32 size); Find costs as much and
// does not allocate. Distinct copies, and one object that is only read, are safe for
// concurrent use. Not for values that are large: leaves are shared, not values.
template <class Key, class Value, class Hash = TrieHash>
class PersistentMap {
 public:
  // The value of `probe`, of any type that Hash takes and that Key compares
  // with; null if there is none. Valid as long as any map that holds it.
  template <class Probe>
  const Value* Find(const Probe& probe) const {
    const uint64_t hash = Hash{}(probe);
    const Node* node = root_.get();
    for (unsigned shift = 0; node != nullptr; shift += kBits) {
      if (shift >= kHashBits) return FindColliding(*node, probe);
      const uint32_t bit = BitAt(hash, shift);
      if ((node->child_map & bit) != 0) {
        node = node->children[IndexOf(node->child_map, bit)].get();
        continue;
      }
      if ((node->leaf_map & bit) == 0) return nullptr;
      const Leaf& leaf = *node->leaves[IndexOf(node->leaf_map, bit)];
      return leaf.hash == hash && leaf.key == probe ? &leaf.value : nullptr;
    }
    return nullptr;
  }

  // A map that also has `value` at `key`, instead of a value there now.
  PersistentMap With(Key key, Value value) const {
    const uint64_t hash = Hash{}(key);
    LeafPtr leaf = std::make_shared<const Leaf>(Leaf{hash, std::move(key), std::move(value)});
    PersistentMap map;
    bool added = true;
    map.root_ = Insert(root_.get(), std::move(leaf), 0, &added);
    map.size_ = size_ + (added ? 1 : 0);
    return map;
  }

  // A map that has nothing at `probe`; this one if there is nothing there now. What it
  // holds says nothing of what it held before: it has the nodes of a map that never had
  // the key.
  template <class Probe>
  PersistentMap Without(const Probe& probe) const {
    if (Find(probe) == nullptr) return *this;
    PersistentMap map;
    map.root_ = Remove(*root_, Hash{}(probe), probe, 0);
    map.size_ = size_ - 1;
    return map;
  }

  // Calls visit(key, value) for each, in no order that means anything.
  template <class F>
  void ForEach(F visit) const {
    if (root_ != nullptr) VisitAll(*root_, visit);
  }

  size_t size() const { return size_; }

 private:
  static constexpr unsigned kBits = 5;
  static constexpr unsigned kHashBits = 64;

  struct Leaf {
    uint64_t hash;
    Key key;
    Value value;
  };
  struct Node;
  using LeafPtr = std::shared_ptr<const Leaf>;
  using NodePtr = std::shared_ptr<const Node>;

  // The branches of a node that are in use: a bit for each leaf and each child,
  // which stand in the order of their bits. Below the last bits of the hash all
  // leaves have one hash; they stand in a row, and the maps are not used.
  struct Node {
    uint32_t leaf_map = 0;
    uint32_t child_map = 0;
    std::vector<LeafPtr> leaves;
    std::vector<NodePtr> children;
  };

  static uint32_t BitAt(uint64_t hash, unsigned shift) { return 1u << (hash >> shift & 31); }
  static size_t IndexOf(uint32_t map, uint32_t bit) {
    return static_cast<size_t>(std::popcount(map & (bit - 1)));
  }
  template <class T>
  static auto At(std::vector<T>& items, size_t index) {
    return items.begin() + static_cast<std::ptrdiff_t>(index);
  }

  template <class Probe>
  static const Value* FindColliding(const Node& node, const Probe& probe) {
    for (const LeafPtr& leaf : node.leaves) {
      if (leaf->key == probe) return &leaf->value;
    }
    return nullptr;
  }

  // A copy of `node` (null: an empty one) with `leaf` in it; `shift` is how many
  // bits of the hash led to it. Clears `added` where the leaf replaces one.
  static NodePtr Insert(const Node* node, LeafPtr leaf, unsigned shift, bool* added) {
    auto copy = node != nullptr ? std::make_shared<Node>(*node) : std::make_shared<Node>();
    if (shift >= kHashBits) {
      PutColliding(*copy, std::move(leaf), added);
      return copy;
    }
    const uint32_t bit = BitAt(leaf->hash, shift);
    if ((copy->child_map & bit) != 0) {
      NodePtr& child = copy->children[IndexOf(copy->child_map, bit)];
      child = Insert(child.get(), std::move(leaf), shift + kBits, added);
    } else if ((copy->leaf_map & bit) != 0) {
      PutOnLeaf(*copy, bit, std::move(leaf), shift, added);
    } else {
      copy->leaves.insert(At(copy->leaves, IndexOf(copy->leaf_map, bit)), std::move(leaf));
      copy->leaf_map |= bit;
    }
    return copy;
  }

  // Puts `leaf` where `node` has a leaf: in its place, or both in a child.
  static void PutOnLeaf(Node& node, uint32_t bit, LeafPtr leaf, unsigned shift, bool* added) {
    const auto old = At(node.leaves, IndexOf(node.leaf_map, bit));
    if ((*old)->hash == leaf->hash && (*old)->key == leaf->key) {
      *old = std::move(leaf);
      *added = false;
      return;
    }
    bool ignored = true;
    const NodePtr single = Insert(nullptr, std::move(*old), shift + kBits, &ignored);
    NodePtr both = Insert(single.get(), std::move(leaf), shift + kBits, &ignored);
    node.leaves.erase(old);
    node.leaf_map &= ~bit;
    node.children.insert(At(node.children, IndexOf(node.child_map, bit)), std::move(both));
    node.child_map |= bit;
  }

  static void PutColliding(Node& node, LeafPtr leaf, bool* added) {
    for (LeafPtr& old : node.leaves) {
      if (old->key != leaf->key) continue;
      old = std::move(leaf);
      *added = false;
      return;
    }
    node.leaves.push_back(std::move(leaf));
  }

  // A copy of `node`, which has the key, without it; null if that leaves nothing.
  template <class Probe>
  static NodePtr Remove(const Node& node, uint64_t hash, const Probe& probe, unsigned shift) {
    auto copy = std::make_shared<Node>(node);
    if (shift >= kHashBits) {
      std::erase_if(copy->leaves, [&](const LeafPtr& leaf) { return leaf->key == probe; });
    } else if (const uint32_t bit = BitAt(hash, shift); (node.child_map & bit) != 0) {
      const Node& child = *node.children[IndexOf(node.child_map, bit)];
      PutChild(*copy, bit, Remove(child, hash, probe, shift + kBits));
    } else {
      copy->leaves.erase(At(copy->leaves, IndexOf(copy->leaf_map, bit)));
      copy->leaf_map &= ~bit;
    }
    return copy->leaves.empty() && copy->children.empty() ? nullptr : copy;
  }

  // Puts `child` in the place of the child at `bit`. One leaf needs no node: it moves
  // into `node`, as a map that had only this one here would have it.
  static void PutChild(Node& node, uint32_t bit, NodePtr child) {
    const auto place = At(node.children, IndexOf(node.child_map, bit));
    if (child->leaves.size() + child->children.size() > 1 || child->leaves.empty()) {
      *place = std::move(child);
      return;
    }
    node.children.erase(place);
    node.child_map &= ~bit;
    node.leaves.insert(At(node.leaves, IndexOf(node.leaf_map, bit)), child->leaves.front());
    node.leaf_map |= bit;
  }

  template <class F>
  static void VisitAll(const Node& node, F& visit) {
    for (const LeafPtr& leaf : node.leaves) visit(leaf->key, leaf->value);
    for (const NodePtr& child : node.children) VisitAll(*child, visit);
  }

  NodePtr root_;
  size_t size_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_PERSISTENT_MAP_H_
