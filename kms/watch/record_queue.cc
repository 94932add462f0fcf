#include "kms/watch/record_queue.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace fieldkms {
namespace {

// What has a length of its own is behind it.
struct Head {
  WallTime time;
  AuditKind kind;
  Peer peer;
  uint32_t items;
  uint32_t failed;
};
using Length = uint16_t;

template <class T>
void PutPlain(const T& value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T TakePlain(std::string_view* in) {
  T value;
  std::memcpy(&value, in->data(), sizeof value);
  in->remove_prefix(sizeof value);
  return value;
}

// A longer one is cut: no name that is legal is.
void PutText(std::string_view text, std::string* out) {
  const auto length = static_cast<Length>(std::min<size_t>(text.size(), 1'024));
  PutPlain(length, out);
  out->append(text.substr(0, length));
}

std::string_view TakeText(std::string_view* in) {
  const auto length = TakePlain<Length>(in);
  const std::string_view text = in->substr(0, length);
  in->remove_prefix(length);
  return text;
}

void PutNames(const AuditKeys& names, std::string* out) {
  PutPlain(static_cast<uint8_t>(names.count), out);
  for (size_t i = 0; i < names.count; ++i) PutText(names.names[i], out);
}

void TakeNames(std::string_view* in, AuditKeys* names) {
  names->count = TakePlain<uint8_t>(in);
  for (size_t i = 0; i < names->count; ++i) names->names[i] = TakeText(in);
}

// The texts that are copied, in their order.
template <class Record>
auto TextsOf(Record& record) {
  return std::array{&record.method, &record.principal, &record.address, &record.tenant,
                    &record.alias,  &record.code,      &record.reason,  &record.trace_id};
}

void Pack(const AuditRecord& record, WallTime time, std::string* out) {
  PutPlain(Head{time, record.kind, record.peer, record.items, record.failed}, out);
  for (const std::string_view* const text : TextsOf(record)) PutText(*text, out);
  for (const AuditKeys* const names : {&record.keys, &record.destination_keys, &record.fields}) {
    PutNames(*names, out);
  }
}

WallTime Unpack(std::string_view* in, AuditRecord* record) {
  const auto head = TakePlain<Head>(in);
  record->kind = head.kind;
  record->peer = head.peer;
  record->items = head.items;
  record->failed = head.failed;
  for (std::string_view* const text : TextsOf(*record)) *text = TakeText(in);
  for (AuditKeys* const names : {&record->keys, &record->destination_keys, &record->fields}) {
    TakeNames(in, names);
  }
  return head.time;
}

}  // namespace

bool RecordQueue::Put(const AuditRecord& record, WallTime time) {
  thread_local std::string packed;
  packed.clear();
  Pack(record, time, &packed);
  const std::lock_guard lock(mutex_);
  const bool was_empty = pending_.empty();
  if (pending_.size() + packed.size() > most_bytes_) {
    ++dropped_;
    return false;
  }
  pending_ += packed;
  return was_empty;
}

void RecordQueue::TakeAll(const Each& each) {
  taken_.clear();
  {
    const std::lock_guard lock(mutex_);
    std::swap(taken_, pending_);
  }
  AuditRecord record;
  for (std::string_view left = taken_; !left.empty();) {
    const WallTime time = Unpack(&left, &record);
    each(record, time);
  }
}

bool RecordQueue::Empty() const {
  const std::lock_guard lock(mutex_);
  return pending_.empty();
}

uint64_t RecordQueue::Dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace fieldkms
