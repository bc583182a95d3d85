#include "pkg/apiserver/read/list_cache.h"

#include <algorithm>

namespace gantry::apiserver {
namespace {

constexpr size_t kEntriesMax = 16;
constexpr size_t kBytesMax = size_t{16} << 20;

}  // namespace

ListCache::EntryPtr ListCache::find(const std::string& key, int64_t changed_at) {
  const auto same = [&](const EntryPtr& entry) { return entry->key == key; };
  auto found = std::ranges::find_if(entries_, same);
  if (found != entries_.end() && (*found)->changed_at < changed_at) {
    entries_.erase(found);
    found = entries_.end();
  }
  if (found == entries_.end()) {
    auto entry = std::make_shared<Entry>();
    entry->key = key;
    entry->changed_at = changed_at;
    entries_.push_front(std::move(entry));
    shrink();
  } else {
    entries_.splice(entries_.begin(), entries_, found);
  }
  return entries_.front();
}

void ListCache::finish(Entry& entry, PackedList packed) {
  entry.building = false;
  entry.packed = std::move(packed);
  entry.done.set();
  entry.done.reset();
  shrink();
}

size_t ListCache::bytes() const {
  size_t sum = 0;
  for (const auto& entry : entries_) sum += entry->packed ? entry->packed->bytes.size() : 0;
  return sum;
}

void ListCache::shrink() {
  while (entries_.size() > kEntriesMax || (entries_.size() > 1 && bytes() > kBytesMax))
    entries_.pop_back();
}

}  // namespace gantry::apiserver
