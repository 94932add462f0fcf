// LruTable: values by name, so many at most: the one that was least recently asked for goes.
#ifndef FIELDKMS_KMS_WATCH_LRU_TABLE_H_
#define FIELDKMS_KMS_WATCH_LRU_TABLE_H_

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace fieldkms {

// For one thread. `most` is at least 1.
template <class Value>
class LruTable {
 public:
  explicit LruTable(size_t most) : most_(most) {}
  LruTable(const LruTable&) = delete;
  LruTable& operator=(const LruTable&) = delete;

  // The value of `name`, or a new one; until the next call.
  Value& Of(std::string_view name) {
    const auto found = places_.find(name);
    if (found != places_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->second;
    }
    if (entries_.size() >= most_) {
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(std::string(name), Value());
    places_.emplace(entries_.front().first, entries_.begin());
    return entries_.front().second;
  }

  size_t size() const { return entries_.size(); }

 private:
  using Entry = std::pair<std::string, Value>;

  const size_t most_;
  std::list<Entry> entries_;  // the last one asked for first
  std::unordered_map<std::string_view, typename std::list<Entry>::iterator> places_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_WATCH_LRU_TABLE_H_
